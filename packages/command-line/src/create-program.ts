import { Command } from 'commander';

/**
 * Returns a program with the options that all programs share, without commands. Commands that its method `command` adds
 * inherit the settings of the program.
 */
export function createProgram(name: string, version: string): Command {
  return new Command(name)
    .version(version)
    .option('--verbose', 'show error codes and stack traces')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 success, 1 failure, 2 a mistake in the options or in the input, 130 interrupted;\n75 under a scheduler of a cluster, if the run was stopped before its end.',
    );
}
