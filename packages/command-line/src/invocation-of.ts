import type { Command } from 'commander';

/** Returns how a user calls a command: `lstm-gan worker`, or `lstm-gan-worker` if it is a program of its own. */
export function invocationOf(command: Command): string {
  return command.parent === null ? command.name() : `${invocationOf(command.parent)} ${command.name()}`;
}
