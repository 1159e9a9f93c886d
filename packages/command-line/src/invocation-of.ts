import type { Command } from 'commander';

/**
 * Returns how a user calls a command: `lstm-gan worker` for the subcommand of `lstm-gan`, `lstm-gan-worker` for the
 * program.
 */
export function invocationOf(command: Command): string {
  return command.parent === null ? command.name() : `${invocationOf(command.parent)} ${command.name()}`;
}
