/** Nobody reads what a program prints: `lstm-gan ... | head`, a closed terminal, a full disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { commandLine, lstmGan, root } from '../support/command-line.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1'];

it.each([
  [['train', '--preset', 'rows', '--print-config']],
  [['train', '--help']],
  [['train', '--preset', 'nonsense']],
])('%j ends without a stack trace if standard output is closed', async (parameters) => {
  const running = lstmGan(parameters);
  running.stdout?.destroy();
  const { exitCode, stderr } = await running;
  expect([exitCode, stderr]).toEqual([parameters.includes('nonsense') ? 2 : 0, expect.not.stringMatching(/\n\s+at /)]);
});

/** Starts a program whose standard error goes to a file, or to a pipe that nobody reads. */
async function endWithout(
  stderr: 'a reader' | '/dev/full',
  parameters: string[],
): Promise<[code: number, stdout: string]> {
  const [program, ...rest] = commandLine(parameters);
  const place = stderr === 'a reader' ? 'pipe' : openSync(stderr, 'w');
  const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 'pipe', place] });
  child.stderr?.destroy();
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return [code, stdout];
}

it.each(['a reader', '/dev/full'] as const)('a run is a success also if its progress is lost: %s', async (place) => {
  const out = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-lost-')), 'run');
  const [code, stdout] = await endWithout(place, ['train', ...model, '--steps', '2', '--out', out]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Finished step 2')]);
  expect(await endWithout(place, ['train', '--resume', out, '--steps', '1'])).toEqual([2, '']);
});

it('a run whose output nobody reads is trained to its end, and leaves no lock', async () => {
  const out = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-lost-')), 'run');
  const running = lstmGan(['train', ...model, '--steps', '3', '--out', out]);
  running.stdout?.destroy();
  running.stderr?.destroy();
  expect((await running).exitCode).toBe(0);
  expect(await readdir(path.join(out, 'checkpoints'))).toContain('step-00000003.safetensors');
  expect((await lstmGan(['train', '--resume', out, '--steps', '4'])).exitCode).toBe(0);
});

it('says that a result could not be printed because the disk is full', async () => {
  const [program, ...parameters] = commandLine(['train', '--preset', 'rows', '--print-config']);
  const child = spawn(program, parameters, { cwd: root, stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(stderr).toMatch(/^Standard output cannot be written: .*ENOSPC/);
});
