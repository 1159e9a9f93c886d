/**
 * Collects the words that a shell can complete. Reads them from the commander program, so that new options are
 * included.
 */
import { presets } from '@lstm-gan/core';
import { datasets } from '@lstm-gan/data';
import type { Command, Option } from 'commander';

/**
 * The values of an option: words to choose from, or a path. Has no words and no paths if only the user knows the value.
 */
interface Values {
  readonly words: readonly string[];
  readonly paths: 'files' | 'folders' | 'none';
}

export interface OptionWords extends Values {
  readonly flag: string;
  readonly description: string;
  /** Whether a value follows the flag. */
  readonly takesValue: boolean;
  /** Whether the value may be left out. */
  readonly isOptional: boolean;
}

export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  /** The values of the command's argument; no words and no paths if it has no argument. */
  readonly argument: Values;
}

/** Returns all commands of a program with their options. */
export function completionWords(program: Command): CommandWords[] {
  const everywhere = [...program.options.filter(({ long }) => long !== '--version').map(optionWords), help];
  return program.commands.map((command) => {
    const [argument] = command.registeredArguments;
    return {
      name: command.name(),
      description: command.description(),
      options: [...command.options.map(optionWords), ...everywhere],
      argument:
        argument === undefined
          ? { words: [], paths: 'none' }
          : { words: argument.argChoices ?? [], paths: argument.argChoices === undefined ? 'files' : 'none' },
    };
  });
}

const help: OptionWords = {
  flag: '--help',
  description: 'display help for command',
  takesValue: false,
  isOptional: false,
  words: [],
  paths: 'none',
};

const named: Readonly<Record<string, readonly string[]>> = {
  '--preset': [...presets.keys()],
  '--data': [...datasets.keys()],
};

function optionWords({ long, flags, description, argChoices, required, optional }: Option): OptionWords {
  const flag = long ?? flags;
  const placeholder = /[<[](.*)[>\]]/.exec(flags)?.[1] ?? '';
  // `<run>` stands for a run folder or a checkpoint file.
  const paths =
    placeholder.includes('file') || placeholder === 'run'
      ? 'files'
      : placeholder.includes('folder')
        ? 'folders'
        : 'none';
  return {
    flag,
    description,
    takesValue: required || optional,
    isOptional: optional,
    words: argChoices ?? named[flag] ?? [],
    paths,
  };
}
