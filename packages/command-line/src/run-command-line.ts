import { CommanderError, type Command } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { surviveLostOutput } from './survive-lost-output.ts';

/**
 * Runs a program with parameters and sets the exit code. Prints the sentence of an error on standard error.
 * @param loadProgram returns the program; commands that the parameters do not call may be missing
 */
export async function runCommandLine(
  parameters: readonly string[],
  loadProgram: () => Command | Promise<Command>,
): Promise<void> {
  surviveLostOutput();
  try {
    const program = await loadProgram();
    await program.parseAsync(parameters, { from: 'user' });
  } catch (error) {
    process.exitCode = await answer(error, parameters.includes('--verbose'));
  }
}

async function answer(error: unknown, verbose: boolean): Promise<number> {
  // Commander prints the message of a CommanderError before it throws the error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.userError;
  // This file is loaded only after an error, because it imports packages that take long to load.
  const { answerError } = await import('./answer-error.ts');
  return answerError(error, verbose);
}
