/** Tests that `train --dry-run` says what would be trained, and leaves every folder as it is. */
import { mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { lstmGan } from '../support/command-line.ts';
import { smallTraining } from '../support/small-training.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-dry-run-'));
});

const train = (...parameters: string[]) => lstmGan(['train', ...parameters], { cwd: folder });

it('shows a new run without making its folder, and refuses what training would refuse', async () => {
  const { exitCode, stdout, stderr } = await train('--dry-run', '--workers', '3', '--set', 'discriminatorSteps=2');
  expect([exitCode, String(stderr)]).toEqual([0, '']);
  for (const line of [
    'run            a new one in runs/digits',
    'preset         digits, but discriminatorSteps 2, not 1',
    'data           digits: 10,000 images, 10 classes (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)',
    'length         up to step 1400: 179,200 images, 18 passes',
    'workers        3 on this machine (CPU, 1 thread each)',
  ])
    expect(String(stdout)).toContain(`\n  ${line}\n`);
  expect(await readdir(folder)).toEqual([]);
  const refused = await train('--dry-run', '--data', 'digit');
  expect([refused.exitCode, String(refused.stderr)]).toEqual([2, expect.stringContaining('Did you mean')]);
});

it('shows how a run would go on, without a change of its files', async () => {
  const run = path.join(folder, 'run');
  expect((await train(...smallTraining, '--steps', '2', '--out', run)).exitCode).toBe(0);
  const files = await readdir(run, { recursive: true });
  const { mtimeMs } = await stat(run);
  const { exitCode, stdout } = await train('--resume', run, '--steps', '6', '--dry-run');
  expect(exitCode).toBe(0);
  expect(String(stdout)).toContain(`${run} goes on from step 2, ${run}/checkpoints/step-00000002.safetensors\n`);
  expect(String(stdout)).toMatch(/ {2}time {11}about .* if a step takes \d+ ms as the 2 steps of this run did$/);
  expect(String(stdout)).toContain('; model.generator.kind dense, not rows; model.generator.units [32], not absent; ');
  expect([await readdir(run, { recursive: true }), (await stat(run)).mtimeMs]).toEqual([files, mtimeMs]);
  const again = await train(...smallTraining, '--out', run, '--dry-run');
  expect([again.exitCode, String(again.stderr)]).toEqual([2, expect.stringContaining('holds a run already')]);
});
