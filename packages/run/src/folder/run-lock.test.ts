import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { describeProcess, takeLock, type LockOwner } from './run-lock.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-lock-'));
  file = path.join(folder, 'run.lock');
});

const lockOf = (owner: LockOwner | undefined) => writeFile(file, JSON.stringify({ ...owner, lock: 'x' }));
const self = async () => (await describeProcess(process.pid)) as LockOwner;

describe('a lock is refused', () => {
  it('while its process is alive', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    await lockOf(await describeProcess(child.pid as number));
    await expect(takeLock(file)).rejects.toMatchObject({
      code: 'run-in-use',
      message: expect.stringContaining(`Process ${child.pid} `),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (
      await takeLock(file)
    )();
  });

  it('while this process itself has it', async () => {
    const release = await takeLock(file);
    await expect(takeLock(file)).rejects.toMatchObject({ code: 'run-in-use' });
    await release();
  });

  it('if its process is on another host, so that it may still be alive', async () => {
    await lockOf({ ...(await self()), host: 'elsewhere' });
    await expect(takeLock(file)).rejects.toMatchObject({
      code: 'run-in-use',
      message: expect.stringContaining('on elsewhere'),
      advice: expect.stringContaining(`remove ${file}`),
    });
  });

  it('when it cannot be read', async () => {
    await writeFile(file, '');
    await expect(takeLock(file)).rejects.toMatchObject({
      code: 'run-in-use',
      advice: expect.stringContaining(`remove ${file}`),
    });
  });
});

describe('a lock is taken over', () => {
  it('from a process that is gone', async () => {
    const { pid } = spawnSync('true');
    await lockOf({ ...(await self()), pid });
    await (
      await takeLock(file)
    )();
    expect(await readdir(folder)).toEqual([]);
  });

  it('from a dead process whose number another process has now', async () => {
    await lockOf({ ...(await self()), started: '1' });
    await (
      await takeLock(file)
    )();
  });

  it('from a process of an earlier boot of the machine', async () => {
    await lockOf({ ...(await self()), boot: 'the one before' });
    await (
      await takeLock(file)
    )();
  });

  it('from a process whose successor died while it took over', async () => {
    const dead = { ...(await self()), started: '1' };
    await lockOf(dead);
    await writeFile(`${file}.after-x`, JSON.stringify({ ...dead, lock: 'y' }));
    await (
      await takeLock(file)
    )();
    expect(await readdir(folder)).toEqual([]);
  });

  it('by exactly one of many that find it dead at about the same time', async () => {
    for (let round = 0; round < 30; round++) {
      await lockOf({ ...(await self()), started: '1' });
      const ready = Array.from({ length: 20 }, async (_, k) => {
        for (let turn = 0; turn < k; turn++) await readdir(folder);
        return takeLock(file);
      });
      const takers = await Promise.allSettled(ready);
      const winners = takers.filter((taker) => taker.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const taker of takers)
        if (taker.status === 'rejected') expect(taker.reason).toMatchObject({ code: 'run-in-use' });
      expect(await readdir(folder)).toEqual(['run.lock']);
      await winners[0].value();
    }
  });
});

it('does not remove the lock of a later owner', async () => {
  const release = await takeLock(file);
  await writeFile(file, 'another');
  await release();
  expect(await readFile(file, 'utf8')).toBe('another');
});
