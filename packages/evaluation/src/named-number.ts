/** The numbers that a user can ask for by name, such as `fd2k` or `coverage`: a number of a measure, without a network. */
import { nearestName, UserError } from '@lstm-gan/core/errors';
import { countText } from './count-text.ts';
import { measures, type Measure, type MeasureName } from './measure.ts';

/** A number of a measure, on a number of samples. */
export interface NamedNumber {
  /** As the user wrote it. */
  readonly name: string;
  readonly measure: MeasureName;
  /** How many samples, and as many real images. */
  readonly samples: number;
  /** Which number of the measure; '' is the number that is called as the metric itself. */
  readonly part: string;
  readonly isLowerBetter: boolean;
}

/** Names that stand for one number of a measure. */
const shortNames: Readonly<Record<string, string>> = {
  precision: 'neighbours',
  recall: 'neighbours',
  density: 'neighbours',
  coverage: 'neighbours',
};

const defaultSamples = 2000;

/**
 * Reads a list of names such as `fd2k,coverage`. A name is that of a measure, the number of samples (by default 2k),
 * `_k3` or `_k5` for measures with neighbours (by default `_k3`), and the part, if the measure has several numbers:
 * `fd2k`, `neighbours2k_k5_recall`, `classes_found3`. `coverage` is short for `neighbours_coverage`. Throws a UserError
 * for an unknown name, and if the numbers of samples differ, because samples are drawn once for all.
 */
export function parseNumberNames(list: string): NamedNumber[] {
  const numbers = list.split(',').map((name) => parseName(name.trim()));
  const counts = [...new Set(numbers.map(({ samples }) => samples))];
  if (counts.length > 1) {
    throw new UserError({
      code: 'metrics',
      message: `--metrics takes names with one number of samples; got ${counts.map(countText).join(' and ')} in ${list}.`,
      advice: 'Write the same number after each name, such as fd1k,coverage1k. Without one, it is 2k.',
    });
  }
  return numbers;
}

function parseName(name: string): NamedNumber {
  const [, word = '', count, k = '_k3', given = ''] =
    /^([a-z]+)(\d{1,6}k?)?(_k[35])?(?:_([a-z0-9_]+))?$/.exec(name) ?? [];
  const family = shortNames[word] ?? word;
  const part = family === word ? given : word;
  const measure = measures.find((known) => known.name === family || known.name === `${family}${k.slice(2)}`);
  if (measure === undefined || !(part in measure.numbers) || (family !== word && given !== '')) throw unknown(name);
  const samples =
    count === undefined ? defaultSamples : Number(count.replace('k', '')) * (count.endsWith('k') ? 1000 : 1);
  if (samples < 10) throw unknown(name);
  const isLowerBetter = ['fd', 'kid'].includes(measure.name) || (measure.name === 'copying' && part === 'share');
  return { name, measure: measure.name, samples, part, isLowerBetter };
}

/** The names without a number of samples. */
function allNames(): string[] {
  const ofMeasure = ({ name, numbers }: Measure): string[] =>
    Object.keys(numbers).map((part) =>
      [name.replace(/([35])$/, '_k$1'), part].filter((piece) => piece !== '').join('_'),
    );
  return [...Object.keys(shortNames), ...measures.flatMap(ofMeasure)];
}

function unknown(name: string): UserError {
  const names = allNames();
  const nearest = nearestName(name.replace(/\d+k?/, ''), names);
  return new UserError({
    code: 'metrics',
    message: `--metrics takes names such as fd2k or coverage, separated by commas; got ${name}.`,
    advice:
      nearest === undefined
        ? `The names are ${names.join(', ')}; docs/evaluation.md explains them.`
        : `Did you mean ${nearest}?`,
  });
}

/** The name of a number's metric, which is also in the name of its file: `fd2k_digits`. */
export function metricOf({ measure, samples }: NamedNumber, network: string): string {
  const found = measures.find(({ name }) => name === measure) as Measure;
  return `${found.metric(countText(samples))}_${network}`;
}

/** The name of a number in `results`: `neighbours2k_k3_digits_coverage`. */
export function keyOf(number: NamedNumber, network: string): string {
  const metric = metricOf(number, network);
  return number.part === '' ? metric : `${metric}_${number.part}`;
}
