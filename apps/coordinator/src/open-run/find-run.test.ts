import { mkdir, mkdtemp, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { findRun } from './find-run.ts';

let runs: string;
beforeEach(async () => {
  runs = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-runs-')), 'runs');
});

async function leaveRun(name: string, checkpoint: string, writtenSeconds: number): Promise<void> {
  const folder = path.join(runs, name, 'checkpoints');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, checkpoint), '');
  await utimes(path.join(folder, checkpoint), writtenSeconds, writtenSeconds);
}

it.each([true, 'latest'] as const)(
  '--resume %s finds the run whose newest checkpoint was written last',
  async (named) => {
    await leaveRun('a', 'step-00000900.safetensors', 1000);
    await leaveRun('b', 'step-00000100.safetensors', 3000);
    await leaveRun('c', 'step-00000500.safetensors', 2000);
    await leaveRun('d', 'half.partial', 4000);
    await writeFile(path.join(runs, 'notes.txt'), '');
    expect(await findRun(named, runs)).toEqual({ root: path.join(runs, 'b') });
  },
);

it('says what to name if there is no run', async () => {
  await expect(findRun(true, runs)).rejects.toMatchObject({ code: 'no-run', message: expect.stringContaining(runs) });
  await expect(findRun('elsewhere/step-00000100.safetensors', runs)).rejects.toMatchObject({
    code: 'no-run',
    message: expect.stringContaining('checkpoints folder'),
  });
});

it('finds a run by its folder, by the folder of its checkpoints or by one of its checkpoints', async () => {
  for (const named of ['runs/digits', 'runs/digits/checkpoints', 'runs/digits/checkpoints/'])
    expect(path.relative('.', (await findRun(named)).root)).toBe('runs/digits');
  const checkpoint = 'runs/digits/checkpoints/step-00000100.safetensors';
  expect(await findRun(checkpoint)).toEqual({ root: 'runs/digits', checkpoint });
  expect(await findRun('checkpoints/step-00000100.safetensors')).toMatchObject({ root: process.cwd() });
});
