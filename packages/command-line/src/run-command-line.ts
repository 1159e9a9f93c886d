import { CommanderError, type Command } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { onStopSignal } from './stop-signals.ts';
import { surviveLostOutput } from './survive-lost-output.ts';

/**
 * Runs a program with parameters and sets the exit code. Prints the sentence of an error on standard error. A signal
 * ends the process at once, unless the command asks for it with `onStopSignal`; what the command has registered with
 * `atExit` is then done (temporary files are removed, and locks are released).
 * @param loadProgram returns the program; commands that the parameters do not call may be missing
 * @param interrupted the exit code if a signal ends the process at once
 */
export async function runCommandLine(
  parameters: readonly string[],
  loadProgram: () => Command | Promise<Command>,
  interrupted: number = exitCodes.interrupted,
): Promise<void> {
  surviveLostOutput();
  onStopSignal(() => process.exit(interrupted));
  const complaints: Complaint[] = [];
  try {
    const program = await loadProgram();
    holdComplaints(program, complaints);
    await program.parseAsync(parameters, { from: 'user' });
  } catch (error) {
    process.exitCode = await answer(error, parameters, complaints.at(-1));
  }
}

/** What commander would print about a command line that it does not accept. */
interface Complaint {
  readonly command: Command;
  readonly text: string;
}

/** Keeps what commander says about errors, so that `answer` may print something better. */
function holdComplaints(program: Command, complaints: Complaint[]): void {
  for (const command of [program, ...program.commands])
    command.configureOutput({ outputError: (text) => void complaints.push({ command, text }) });
}

// The files that this function imports are loaded only after an error, because they import packages that take long to
// load.
async function answer(error: unknown, parameters: readonly string[], complaint?: Complaint): Promise<number> {
  if (!(error instanceof CommanderError)) {
    const { answerError } = await import('./answer-error.ts');
    return answerError(error, parameters.includes('--verbose'));
  }
  if (complaint !== undefined) {
    const { command, text } = complaint;
    const [, unknown] = /^error: unknown option '(--.*)'/.exec(text) ?? [];
    const { explainUnknownOption } = await import('./explain-unknown-option.ts');
    const explained = unknown === undefined ? undefined : explainUnknownOption(command, unknown, parameters);
    process.stderr.write(explained ?? text);
  }
  return error.exitCode === 0 ? exitCodes.success : exitCodes.userError;
}
