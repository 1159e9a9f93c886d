/** The terminal is closed, or SIGHUP comes without one, as under nohup. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { commandLine, lstmGan, root } from '../support/command-line.ts';
import { startInTerminal } from '../support/terminal.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-hang-up-'));
});

const stepsOf = async (out: string): Promise<number> => {
  const file = path.join(out, 'metrics.jsonl');
  return existsSync(file) ? (await readFile(file, 'utf8')).split('\n').length - 1 : 0;
};

it('a training without a terminal goes on at SIGHUP', async () => {
  const out = path.join(folder, 'nohup');
  const running = lstmGan(['train', ...model, '--steps', '400', '--out', out], { stdin: 'ignore' });
  while (running.exitCode === null && (await stepsOf(out)) < 5) await delay(20);
  running.kill('SIGHUP');
  const { exitCode, stdout } = await running;
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Finished step 400')]);
});

it('a training stops in good order when its terminal is closed, and leaves a checkpoint and no lock', async () => {
  const out = path.join(folder, 'terminal');
  const command = commandLine(['train', ...model, '--steps', '100000000', '--out', out]);
  const running = startInTerminal(command, { cwd: root });
  while (running.exitCode === null && (await stepsOf(out)) < 5) await delay(20);
  running.stdin?.end();
  expect((await running).exitCode).toBe(0);
  const step = await stepsOf(out);
  expect(await readdir(path.join(out, 'checkpoints'))).toContain(`step-${String(step).padStart(8, '0')}.safetensors`);
  const resumed = await lstmGan(['train', '--resume', out, '--steps', String(step + 1)]);
  expect([resumed.exitCode, resumed.stdout]).toEqual([0, expect.stringContaining(`Finished step ${step + 1}`)]);
});
