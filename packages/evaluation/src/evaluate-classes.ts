import { countText } from './count-text.ts';
import type { Matrix } from './linear/matrix.ts';
import { kernelDistance } from './measures/kernel-distance.ts';
import type { Features, FeatureNetwork } from './networks/feature-network.ts';

/** The classes of samples and of real images, by numbers that both share. */
export interface ClassLabels {
  readonly names: readonly string[];
  /** The class that each sample was drawn for: [N]. */
  readonly samples: Uint16Array;
  /** The class of each real image: [N]. */
  readonly real: Uint16Array;
}

/** What was found about the samples of one class. */
export interface ClassNumbers {
  readonly name: string;
  /** How many samples and real images it has among those that are compared. */
  readonly samples: number;
  readonly real: number;
  /** The share of its samples that the network takes for it; null if the network is no classifier or there are none. */
  readonly right: number | null;
  /** The kernel distance of its samples to its real images; null if there are too few. */
  readonly kid: number | null;
}

/** What was found for each class. */
export interface ClassEvaluation {
  /** For example `perclass2k_digits`. */
  readonly name: string;
  readonly classes: readonly ClassNumbers[];
  /** The numbers that are not null: `perclass2k_digits_7_right`, `..._7_kid`, and `..._right` of all samples. */
  readonly results: Readonly<Record<string, number>>;
}

/** With fewer samples or real images of a class, its kernel distance says little. */
const fewestImages = 50;

/** Compares the samples of each class with the real images of that class. @param seed decides the kernel's subsets */
export async function evaluateClasses(
  { names, samples, real }: ClassLabels,
  ofSamples: Features,
  ofReal: Features,
  network: Pick<FeatureNetwork, 'name' | 'classes'>,
  seed: number,
): Promise<ClassEvaluation> {
  const taken = takenClasses(ofSamples, network.classes);
  const classes: ClassNumbers[] = [];
  for (const [number, name] of names.entries()) {
    const [drawn, given] = [samples, real].map((labels) => placesOf(labels, number));
    const right = drawn.filter((place) => taken?.[place] === name).length / drawn.length;
    const enough = Math.min(drawn.length, given.length) >= fewestImages;
    const kid = enough ? (await kernelDistance(rowsAt(ofReal, given), rowsAt(ofSamples, drawn), seed)).mean : null;
    classes.push({
      name,
      samples: drawn.length,
      real: given.length,
      right: taken === undefined || drawn.length === 0 ? null : right,
      kid,
    });
  }
  const name = `perclass${countText(samples.length)}_${network.name}`;
  const keys = keysOf(names);
  const results = classes.flatMap(({ right, kid }, k) => [
    [`${name}_${keys[k]}_right`, right],
    [`${name}_${keys[k]}_kid`, kid],
  ]);
  const all = taken && samples.filter((label, place) => taken[place] === names[label]).length / samples.length;
  const found = [[`${name}_right`, all ?? null], ...results].filter(([, value]) => value !== null);
  return { name, classes, results: Object.fromEntries(found) as Record<string, number> };
}

/** The name of the class that a classifier takes each image for; undefined if the network is no classifier. */
function takenClasses({ probabilities }: Features, names: readonly string[] | undefined): string[] | undefined {
  if (probabilities === undefined || names === undefined) return undefined;
  return Array.from({ length: probabilities.length / names.length }, (_, place) => {
    const row = probabilities.subarray(place * names.length, (place + 1) * names.length);
    return names[row.indexOf(Math.max(...row))];
  });
}

/** Class names as parts of names of numbers. Two that would become equal get their numbers. */
function keysOf(names: readonly string[]): string[] {
  const keys = names.map((name) => name.replaceAll(/[^\w.-]+/g, '-'));
  return keys.map((key, number) => (keys.indexOf(key) === keys.lastIndexOf(key) ? key : `${key}-${number}`));
}

function placesOf(labels: Uint16Array, number: number): number[] {
  return [...labels.keys()].filter((place) => labels[place] === number);
}

function rowsAt({ values, width }: Features, places: readonly number[]): Matrix {
  const rows = new Float32Array(places.length * width);
  for (const [k, place] of places.entries()) rows.set(values.subarray(place * width, (place + 1) * width), k * width);
  return { values: rows, width };
}
