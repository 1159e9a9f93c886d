/** A process that does one iteration for every line it is given, and answers with its milliseconds, and with those of its parts behind them; blocked between. */
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface AskedProcess {
  /** What it said when it was ready. */
  readonly greeting: string;
  /** Milliseconds of one iteration, by its own clock. */
  step(): Promise<number>;
  /** The same, and of its parts where it tells them. */
  stepInParts(): Promise<number[]>;
  close(): Promise<void>;
}

/** Throws when the program cannot be started, or ends before it is ready. */
export async function startAsked(
  program: string,
  parameters: readonly string[],
  options: Pick<SpawnOptions, 'env'> = {},
): Promise<AskedProcess> {
  const child = spawn(program, parameters, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${program} ended; what it said stands above.`);
    return value;
  };
  const stepInParts = async (): Promise<number[]> => {
    child.stdin.write('\n');
    return (await nextLine()).split(' ').map(Number);
  };
  return {
    greeting: await nextLine(),
    step: async () => (await stepInParts())[0],
    stepInParts,
    async close() {
      child.stdin.end();
      await (child.exitCode ?? once(child, 'exit'));
    },
  };
}
