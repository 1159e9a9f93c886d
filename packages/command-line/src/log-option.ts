import { Option, type Command } from 'commander';

/** How a program writes its log to standard error. */
export type LogKind = 'prose' | 'json';

/** What a command that has `--log` was given. */
export interface LogOptions {
  readonly log: LogKind;
}

/** Adds `--log`, the option of every command that writes a log. */
export function addLog(command: Command): Command {
  return command.addOption(
    new Option('--log <kind>', 'how the log goes to standard error: prose for people, json for programs')
      .choices(['prose', 'json'])
      .default('prose'),
  );
}
