import { CommanderError, type Command } from 'commander';
import { exitCodes } from './exit-codes.ts';

/** Runs one command; every error becomes a sentence and an exit code. */
export async function runCommandLine(parameters: readonly string[], version: string): Promise<void> {
  try {
    const program = await loadProgram(parameters, version);
    await program.parseAsync(parameters, { from: 'user' });
  } catch (error) {
    process.exitCode = await answer(error, parameters.includes('--verbose'));
  }
}

/** A worker's command is loaded alone: workers start by the dozen, and each has somebody waiting for it. */
async function loadProgram([first]: readonly string[], version: string): Promise<Command> {
  if (first !== 'worker') return (await import('./program.ts')).createProgram(version);
  const [{ createBareProgram }, { addWorker }] = await Promise.all([
    import('./bare-program.ts'),
    import('./commands/worker.ts'),
  ]);
  return createBareProgram(version, [addWorker]);
}

async function answer(error: unknown, verbose: boolean): Promise<number> {
  // Commander has said what it has to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.userError;
  const { answerError } = await import('./answer-error.ts');
  return answerError(error, verbose);
}
