import { spawn, type ChildProcess } from 'node:child_process';
import { atExit } from './at-exit.ts';

/** How a program ended. */
export interface ProgramResult {
  /** Exit status; null if the program could not be started or was killed. */
  readonly status: number | null;
  /** The last 20,000 characters that it printed on both streams. */
  readonly output: string;
  /** All that it printed on standard output. */
  readonly stdout: string;
  /** True if there is no such program. */
  readonly missing: boolean;
}

const keptCharacters = 20_000;

/**
 * Runs a program to its end, without a shell. Never rejects: a program that cannot be started has status null. The
 * program, and the programs that it starts, are killed if this process ends first.
 */
export function runProgram(
  program: string,
  parameters: readonly string[],
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let output = '';
    const printed: Buffer[] = [];
    // `detached` makes a process group. A Ctrl-C of the terminal then reaches this process alone, which decides.
    const child = spawn(program, parameters, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const forget = atExit(() => killGroup(child));
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-keptCharacters);
    };
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (status: number | null, text: string, missing = false): void => {
      forget();
      resolve({ status, output: text, stdout: Buffer.concat(printed).toString(), missing });
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(null, error.message, error.code === 'ENOENT'));
    child.once('close', (status) => end(status, output));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
