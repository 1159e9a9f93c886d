/** Answers options that people know from other programs with the options of this one. */
import { shellWord } from '@lstm-gan/run';
import type { Command } from 'commander';
import { foreignOptions, type ForeignOption } from './foreign-options.ts';

/**
 * Returns lines that name our option for an option that a command does not have; undefined if we know none.
 * @param parameters the parameters of the program, which may hold the option's value
 */
export function explainUnknownOption(
  command: Command,
  option: string,
  parameters: readonly string[],
): string | undefined {
  const [flag, inline] = option.split(/=(.*)/s);
  const name = normalised(flag);
  const own = command.options.find(({ long }) => long === name);
  const answer: Pick<ForeignOption, 'typed' | 'say'> | undefined =
    own === undefined ? foreignOptions.find(isFor(command, name)) : { typed: typedForm(own) };
  if (answer === undefined) return undefined;
  const value = inline ?? valueAfter(option, parameters);
  const typed = answer.typed?.replaceAll('VALUE', value === undefined ? 'VALUE' : shellWord(value));
  const lines = [typed === undefined ? undefined : `Here it is ${typed}`, answer.say];
  return [`error: unknown option '${flag}'`, ...lines.filter((line) => line !== undefined), ''].join('\n');
}

/** `--batch_size`, `--batchSize` and `--batch-size` are one name. */
function normalised(flag: string): string {
  return flag
    .replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`)
    .replaceAll('_', '-')
    .toLowerCase();
}

const typedForm = ({ long, required, optional }: Command['options'][number]): string =>
  required || optional ? `${long} VALUE` : String(long);

const isFor =
  (command: Command, name: string) =>
  ({ names, typed = '', needs }: ForeignOption): boolean =>
    names.split(' ').includes(name.slice(2)) &&
    (needs ?? typed.match(/(?<=^| )--[\w-]+/g) ?? []).every(
      (need) => command.options.some(({ long }) => long === need) || command.registeredArguments.some(isNamed(need)),
    );

const isNamed =
  (need: string) =>
  (argument: Command['registeredArguments'][number]): boolean =>
    `<${argument.name()}>` === need;

function valueAfter(option: string, parameters: readonly string[]): string | undefined {
  const next = parameters[parameters.indexOf(option) + 1];
  return next?.startsWith('--') === true ? undefined : next;
}
