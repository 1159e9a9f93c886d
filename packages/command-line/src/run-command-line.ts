import { CommanderError, type Command } from 'commander';
import { exitCodes } from './exit-codes.ts';

/**
 * Runs a program with parameters and sets the exit code. Every error ends as a sentence on standard error.
 * @param loadProgram returns the program, or as much of it as these parameters need
 */
export async function runCommandLine(
  parameters: readonly string[],
  loadProgram: () => Command | Promise<Command>,
): Promise<void> {
  try {
    const program = await loadProgram();
    await program.parseAsync(parameters, { from: 'user' });
  } catch (error) {
    process.exitCode = await answer(error, parameters.includes('--verbose'));
  }
}

async function answer(error: unknown, verbose: boolean): Promise<number> {
  // Commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.userError;
  // Loaded only if it is needed, because it imports packages that take long to load.
  const { answerError } = await import('./answer-error.ts');
  return answerError(error, verbose);
}
