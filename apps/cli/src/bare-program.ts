import { Command } from 'commander';

/** The program with some of its commands; nothing runs until it is given arguments. */
export function createBareProgram(version: string, additions: readonly ((program: Command) => void)[]): Command {
  const program = new Command('lstm-gan')
    .description('Train GANs with an LSTM generator on any number of CPUs or GPUs.')
    .version(version)
    .option('--verbose', 'show error codes and stack traces')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failure, 2 something to be mended in what was asked for, 130 interrupted twice.',
    );
  for (const add of additions) add(program);
  for (const command of program.commands) command.exitOverride().showSuggestionAfterError();
  return program;
}
