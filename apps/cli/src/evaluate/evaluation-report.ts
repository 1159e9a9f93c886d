import type { Dataset } from '@lstm-gan/data';
import { explainNumber, type Evaluation, type FeatureNetwork } from '@lstm-gan/evaluation';
import { printable } from '@lstm-gan/run';
import type { SampleSource } from './evaluated-images.ts';

/** What `evaluate` found, and from what. */
export interface Evaluated {
  readonly source: Pick<SampleSource, 'description' | 'checkpoint'>;
  readonly real: Pick<Dataset, 'name' | 'count'>;
  readonly network: Pick<FeatureNetwork, 'name' | 'description' | 'classes'>;
  /** How many samples, and as many real images. */
  readonly count: number;
  readonly seed: number;
  readonly evaluation: Evaluation;
}

/** The line that `evaluate --json` prints. */
export function evaluationReport({ source, real, network, count, seed, evaluation }: Evaluated) {
  return {
    samples: source.description,
    step: source.checkpoint?.step ?? null,
    images: source.checkpoint?.images ?? null,
    count,
    seed,
    data: real.name,
    network: { name: network.name, description: network.description },
    results: Object.assign(
      {},
      ...evaluation.metrics.map(({ results }) => results),
      evaluation.perClass?.results,
    ) as Record<string, number>,
    classes: classCounts(network, evaluation),
    perClass: evaluation.perClass?.classes ?? null,
  };
}

/** How many samples the network takes for each class, by the class's name; null if it is no classifier. */
function classCounts({ classes }: Evaluated['network'], { classCounts: counts }: Evaluation) {
  if (classes === undefined || counts === undefined) return null;
  return Object.fromEntries(classes.map((name, k) => [name, counts[k]]));
}

/** The lines that `evaluate` prints: what was compared, then a row for each number. */
export function evaluationText(evaluated: Evaluated): string[] {
  const { source, real, network, count, seed, evaluation } = evaluated;
  const rows = evaluation.metrics.flatMap(({ measure, name, results }) =>
    Object.entries(results).map(([key, value]) => [
      key,
      numberText(value),
      explainNumber(measure, key.slice(name.length)),
    ]),
  );
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const classes = Object.entries(classCounts(network, evaluation) ?? {}).map(([name, found]) => `${name}: ${found}`);
  return [
    `samples   ${count} of ${source.description} (seed ${seed})`,
    `data      ${count} of the ${real.count} images of ${real.name}`,
    `network   ${network.name}: ${network.description}`,
    ...(classes.length === 0 ? [] : [`classes   ${classes.join('  ')}`]),
    '',
    ...rows.map(([key, value, meaning]) => `${key.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${meaning}`),
    ...classLines(evaluation),
  ];
}

/** A row for each class. `right` is the share of its samples that are taken for it. */
function classLines({ perClass }: Evaluation): string[] {
  if (perClass === undefined) return [];
  const shown = (value: number | null): string => (value === null ? '-' : numberText(value));
  const rows = [
    [perClass.name, 'samples', 'real', 'right', 'kid'],
    ...perClass.classes.map(({ name, samples, real, right, kid }) => [
      printable(name),
      ...[samples, real, right, kid].map(shown),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = ([name, ...values]: string[]): string =>
    [name.padEnd(widths[0]), ...values.map((value, k) => value.padStart(widths[k + 1]))].join('  ');
  const all = perClass.results[`${perClass.name}_right`] as number | undefined;
  return ['', ...rows.map(line), ...(all === undefined ? [] : [`${perClass.name}_right  ${numberText(all)}`])];
}

/** A whole number as it is, any other with four digits. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
