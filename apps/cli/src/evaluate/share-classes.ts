import { UserError } from '@lstm-gan/core/errors';
import type { Dataset } from '@lstm-gan/data';
import type { ClassLabels } from '@lstm-gan/evaluation';
import type { SampleSource } from './evaluated-images.ts';
import type { SomeImages } from './read-some.ts';

/** Throws a UserError if samples and real images do not have the same classes: `--per-class` compares those of one. */
export function checkClasses(
  { description, classNames }: Pick<SampleSource, 'description' | 'classNames'>,
  { name, labels }: Pick<Dataset, 'name' | 'labels'>,
): void {
  if (classNames === undefined)
    throw noClasses(`nothing says what the samples of ${description} are to show`, 'Give a conditional run');
  if (labels === undefined) throw noClasses(`the images of ${name} have no labels`, 'Name other data with --data');
  const other = classNames.find((known) => !labels.names.includes(known));
  if (other !== undefined)
    throw noClasses(`${name} has no class ${JSON.stringify(other)}`, 'Name the data of the samples with --data');
}

function noClasses(what: string, advice: string): UserError {
  return new UserError({
    code: 'no-classes',
    message: `--per-class compares samples with real images of the same class, and ${what}.`,
    advice: `${advice}, or folders with a folder for each class.`,
  });
}

/** The classes of samples and real images that `checkClasses` accepted, by the numbers of the real ones. */
export function shareClasses({ labels: drawn }: SomeImages, { labels: real }: SomeImages): ClassLabels | undefined {
  if (drawn === undefined || real === undefined) return undefined;
  const numbers = drawn.names.map((name) => real.names.indexOf(name));
  return {
    names: real.names,
    samples: drawn.values.map((label) => numbers[label]),
    real: real.values,
  };
}
