import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** Exit status; null if the program could not be started or was killed. */
  readonly status: number | null;
  /** The last 20,000 characters that it printed on both streams. */
  readonly output: string;
  /** True if there is no such program. */
  readonly missing: boolean;
}

const keptCharacters = 20_000;

/** Runs a program to its end, without a shell. Never rejects: a program that cannot be started has status null. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-keptCharacters);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: null, output: error.message, missing: error.code === 'ENOENT' }),
    );
    child.once('close', (status) => resolve({ status, output, missing: false }));
  });
}
