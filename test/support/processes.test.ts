/** Runs a file of tests that leave processes running, and checks that none of them is left. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { root } from './command-line.ts';
import { startProcess } from './processes.ts';

/** Runs the fixture in a vitest of its own. */
async function runLingering(environment: Record<string, string> = {}) {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-lingering-')), 'numbers');
  const script = `
    const { startVitest } = await import('vitest/node');
    await startVitest('test', [], { include: ['support/lingering-processes.fixture.ts'], watch: false });`;
  const vitest = startProcess(
    [process.execPath, '--input-type=module', '--eval', script, '--', '--config', '../.config/vitest.config.ts'],
    { cwd: path.join(root, 'test'), env: { PROCESS_NUMBERS: file, ...environment } },
  );
  /** The IDs of the processes that were started so far. */
  const started = async (): Promise<number[]> =>
    existsSync(file) ? (await readFile(file, 'utf8')).trim().split(/\s+/).map(Number) : [];
  return { vitest, started };
}

/** False also for a zombie: a process that has ended, but whose parent has not read its exit status yet. */
function isRunning(processNumber: number): boolean {
  const file = `/proc/${processNumber}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
}

/** Resolves when all have ended: after a signal the kernel needs a moment. */
async function untilEnded(processNumbers: readonly number[]): Promise<void> {
  while (processNumbers.some(isRunning)) await delay(50);
}

it('processes of a test end with it: when it passes, fails and takes too long', async () => {
  const { vitest, started } = await runLingering();
  const { stdout } = await vitest;
  expect(stdout).toMatch(/2 failed.*1 passed/);
  const numbers = await started();
  expect(numbers).toHaveLength(6);
  await untilEnded(numbers);
});

it('processes of a test end when vitest is killed', async () => {
  const { vitest, started } = await runLingering({ HANGS: 'yes' });
  while ((await started()).length < 8) await delay(50);
  const numbers = await started();
  expect(numbers.slice(-2).map(isRunning)).toEqual([true, true]);
  vitest.kill('SIGKILL');
  await untilEnded(numbers);
});
