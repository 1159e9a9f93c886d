/**
 * Processes of tests. None of them lives longer than the test that started it, whether that test passes, fails, or
 * takes too long; nor longer than the file, if it was started outside a test; nor longer than vitest, if that is
 * killed.
 */
import { execa, type Options, type ResultPromise } from 'execa';
import { afterAll, afterEach, TestRunner } from 'vitest';
import { endingWithParent } from '../../tools/ending-with-parent.ts';

/** Every running process, with the test that started it; undefined if it was started outside a test. */
const running = new Map<ResultPromise, unknown>();

/** Starts a program. The promise resolves also if the program fails. */
export function startProcess(command: readonly string[], options: Options = {}): ResultPromise {
  const [program, ...parameters] = endingWithParent(command);
  // The program gets a process group of its own. So the processes that it starts (npx starts a shell, nx its tasks) can
  // be killed with it.
  const child = execa(program, parameters, { reject: false, detached: true, ...options });
  running.set(child, TestRunner.getCurrentTest());
  const forget = (): void => void running.delete(child);
  child.then(forget, forget);
  return child;
}

async function killAll(children: readonly ResultPromise[]): Promise<void> {
  children.forEach(killGroup);
  await Promise.allSettled(children);
}

function killGroup({ pid }: ResultPromise): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The process has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

afterEach(({ task }) => killAll([...running].filter(([, test]) => test === task).map(([child]) => child)));
afterAll(() => killAll([...running.keys()]));
// When vitest is interrupted or killed, this process ends without running `afterEach` and `afterAll`.
process.once('exit', () => [...running.keys()].forEach(killGroup));
