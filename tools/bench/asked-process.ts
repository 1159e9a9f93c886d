/** A process that does one iteration for every line it is given, and answers with its milliseconds; blocked between. */
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface AskedProcess {
  /** What it said when it was ready. */
  readonly greeting: string;
  /** Milliseconds of one iteration, by its own clock. */
  step(): Promise<number>;
  close(): Promise<void>;
}

/** Throws when the program cannot be started, or ends before it is ready. */
export async function startAsked(program: string, parameters: readonly string[], options: Pick<SpawnOptions, 'env'> = {}): Promise<AskedProcess> {
  const child = spawn(program, parameters, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${program} ended; what it said stands above.`);
    return value;
  };
  return {
    greeting: await nextLine(),
    async step() {
      child.stdin.write('\n');
      return Number(await nextLine());
    },
    async close() {
      child.stdin.end();
      await (child.exitCode ?? once(child, 'exit'));
    },
  };
}
