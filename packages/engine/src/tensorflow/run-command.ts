import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit status; null when the program could not be started or was killed. */
  readonly status: number | null;
  /** The last of what it printed on both streams. */
  readonly output: string;
  readonly missing: boolean;
}

const keptCharacters = 20_000;

/** Runs a program to its end without a shell; never rejects. */
export function runCommand(
  program: string,
  parameters: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<CommandResult> {
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
