import type { Command } from 'commander';

/** What a command that has `--model` was given. */
export interface ModelOptions {
  /** The path of a file of networks. */
  readonly model?: string;
}

/** Adds `--model`, the option of every command that builds networks. */
export function addModel(command: Command, meaning: string): Command {
  return command.option('--model <file>', `JavaScript module with networks of your own (${meaning})`);
}
