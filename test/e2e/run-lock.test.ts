/** Two processes want to train in one run folder: from other hosts, from containers, in a copy, after one was stopped. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResultPromise } from 'execa';
import { beforeEach, expect, it } from 'vitest';
import { commandLine, lstmGan, root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1', '--checkpoint-every', '0.1'];
const endless = ['--steps', '100000000'];

let out: string;
beforeEach(async () => {
  out = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-lock-')), 'run');
});

const train = ['train', ...model, ...endless];
const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const otherHost = [...container, '--uts', 'sh', '-c', 'hostname elsewhere && exec "$@"', 'sh'];
const mayUnshare = spawnSync(otherHost[0], [...otherHost.slice(1), 'true']).status === 0;
if (!mayUnshare)
  process.stderr.write('Tests of locks between containers are skipped: unshare is not permitted here.\n');

const start = (place: readonly string[], parameters: readonly string[]): ResultPromise =>
  startProcess([...place, ...commandLine([...parameters])], { cwd: root });

async function stepsOf(folder: string): Promise<number[]> {
  const file = path.join(folder, 'metrics.jsonl');
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { step: number }).step);
}

/** Waits until a running training has a checkpoint and metrics of more steps than `after`. */
async function trained(running: ResultPromise, folder = out, after = 0): Promise<void> {
  const hasCheckpoint = async (): Promise<boolean> =>
    (await readdir(path.join(folder, 'checkpoints')).catch(() => [])).some((name) => name.endsWith('.safetensors'));
  while (running.exitCode === null && !((await stepsOf(folder)).length > after && (await hasCheckpoint())))
    await delay(20);
}

async function expectInOrder(folder = out): Promise<void> {
  const steps = await stepsOf(folder);
  expect(steps).toEqual(steps.map((_, k) => k + 1));
}

it.runIf(mayUnshare)('of two coordinators in two containers with one host name, only one trains', async () => {
  const first = start(container, [...train, '--out', out]);
  await trained(first);
  const { exitCode, stderr } = await start(container, ['train', '--resume', out, ...endless]);
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/Process \d+ on .* is training in /)]);
  await trained(first, out, (await stepsOf(out)).length);
  await expectInOrder();
});

it.runIf(mayUnshare)('goes on without a hand from another host after a kill, and in a copy of a run', async () => {
  const killed = start(otherHost, [...train, '--out', out]);
  await trained(killed);
  killed.kill('SIGKILL');
  await killed;
  const live = `${out}-live`;
  const living = start([], [...train, '--out', live]);
  await trained(living, live);
  const branch = `${out}-branch`;
  // Stopped, so that the copy has every file as it was at one instant.
  living.kill('SIGSTOP');
  await cp(live, branch, { recursive: true });
  living.kill('SIGCONT');
  const last = Math.max(...(await Promise.all([out, branch].map(stepsOf))).flat()) + 1;
  const ends = await Promise.all(
    [out, branch].map((folder) => start([], ['train', '--resume', folder, '--steps', String(last)])),
  );
  for (const { exitCode, stdout, stderr } of ends)
    expect([exitCode, stdout, stderr]).toEqual([
      0,
      expect.stringContaining(`Finished step ${last}`),
      expect.stringContaining('If that shows no sign of life for 20 s, the lock is taken over.'),
    ]);
  for (const folder of [out, branch]) {
    await expectInOrder(folder);
    expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([]);
  }
  expect(living.exitCode).toBe(null);
});

it('a coordinator that was stopped writes nothing when it wakes up after another has taken over', async () => {
  const first = lstmGan([...train, '--out', out]);
  await trained(first);
  first.kill('SIGSTOP');
  const refused = await lstmGan(['train', '--resume', out, ...endless]);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('--take-over')]);
  const second = lstmGan(['train', '--resume', out, ...endless, '--take-over']);
  const before = (await stepsOf(out)).length;
  await trained(second, out, before + 1);
  first.kill('SIGCONT');
  const { exitCode, stderr } = await first;
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('this process writes nothing more')]);
  await trained(second, out, (await stepsOf(out)).length);
  second.kill('SIGTERM');
  const end = await second;
  expect([end.exitCode, end.stderr]).toEqual([0, expect.stringMatching(/is taken over from process \d+\./)]);
  await expectInOrder();
  const step = (await stepsOf(out)).length;
  expect(await readdir(path.join(out, 'checkpoints'))).toContain(`step-${String(step).padStart(8, '0')}.safetensors`);
});
