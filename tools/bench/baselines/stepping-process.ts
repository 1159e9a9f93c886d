/**
 * A process that runs one iteration for every line on its standard input. It answers with a line of milliseconds: of
 * the iteration, then of its parts. Between two iterations it is blocked, so it takes no time from what is measured
 * next.
 */
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface SteppingProcess {
  /** The line that the process printed when it was ready. */
  readonly greeting: string;
  /** Runs one iteration; resolves to its milliseconds, by the process's own clock. */
  step(): Promise<number>;
  /** Runs one iteration; resolves to its milliseconds, followed by those of its parts if the process reports them. */
  timedParts(): Promise<number[]>;
  close(): Promise<void>;
}

/** Rejects if the program cannot be started, or ends before it is ready. */
export async function startSteppingProcess(
  program: string,
  parameters: readonly string[],
  options: Pick<SpawnOptions, 'env'> = {},
): Promise<SteppingProcess> {
  const child = spawn(program, parameters, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${program} ended; its messages are above.`);
    return value;
  };
  const timedParts = async (): Promise<number[]> => {
    child.stdin.write('\n');
    return (await nextLine()).split(' ').map(Number);
  };
  return {
    greeting: await nextLine(),
    step: async () => (await timedParts())[0],
    timedParts,
    async close() {
      child.stdin.end();
      await (child.exitCode ?? once(child, 'exit'));
    },
  };
}
