/** Chooses what `lstm-gan sample` draws images from: noise and, in a conditional model, classes. */
import { classRows, interpolateNoise, sampleNoise, type ModelConfig } from '@lstm-gan/core';
import { nearestName, UserError } from '@lstm-gan/core/errors';
import { gridSamples, type Samples } from '@lstm-gan/coordinator/program';
import type { RunConfig } from '@lstm-gan/run';

/** The options of `lstm-gan sample` that choose images. */
export interface SampleChoice {
  /** How many images, or how many rows with `interpolate`. */
  readonly count?: number;
  /** Images in a row, each row from one noise (or class) to another. */
  readonly interpolate?: number;
  readonly seed: number;
  /** The name of a class: all images are of this class. */
  readonly class?: string;
  /** The name of a class: each row keeps its noise and goes from `class` to this class. */
  readonly toClass?: string;
}

/**
 * Returns the samples that the options ask for.
 *
 * * by default: the grid that training draws
 * * count or class: images of different noise. The classes come one after the other; `class` gives all images one class
 * * interpolate: row k goes from the seed's noise vector 2k to vector 2k + 1, within a class
 * * interpolate and toClass: row k keeps the seed's noise vector k, and goes from one class to another
 *
 * Throws a UserError if the options do not fit each other or the model.
 */
export function chooseSamples(
  { model, classes: known }: Pick<RunConfig, 'model' | 'classes'>,
  choice: SampleChoice,
): Samples {
  const { count, interpolate, seed, class: from, toClass: to } = choice;
  const classes = model.condition?.classes ?? 0;
  if (to !== undefined && (from === undefined || interpolate === undefined)) throw incompleteWay();
  if (from !== undefined && classes === 0) throw withoutClasses();
  const names = known?.map(({ name }) => name) ?? Array.from({ length: classes }, (_, label) => String(label));
  const [label, toLabel] = [from, to].map((name) => (name === undefined ? undefined : labelOf(name, names)));
  if (interpolate !== undefined) {
    const rows = count ?? 8;
    const noise =
      toLabel === undefined ? noiseOfRows(model, rows, interpolate, seed) : heldNoise(model, rows, interpolate, seed);
    if (classes === 0) return { noise, columns: interpolate };
    const ends = Array.from({ length: rows }, (_, row) => [label ?? row % classes, toLabel ?? label ?? row % classes]);
    return { noise, classes: classesBetween(ends, interpolate, classes), columns: interpolate };
  }
  if (count === undefined && label === undefined) return gridSamples(model, seed);
  const images = count ?? 64;
  const noise = sampleNoise(model, images, seed);
  if (classes === 0) return { noise };
  const columns = Math.ceil(label === undefined ? images / classes : Math.sqrt(images));
  const labels = Array.from({ length: images }, (_, image) => label ?? Math.floor(image / columns));
  return { noise, classes: classRows(labels, classes), columns };
}

/** Noise of rows of `length` vectors, each row from one of the seed's vectors to the next. */
function noiseOfRows(model: ModelConfig, rows: number, length: number, seed: number): Float32Array {
  const { latent } = model;
  const ends = sampleNoise(model, 2 * rows, seed);
  const end = (index: number): Float32Array => ends.subarray(index * latent, (index + 1) * latent);
  const noise = new Float32Array(rows * length * latent);
  for (let k = 0; k < rows; k++) noise.set(interpolateNoise(end(2 * k), end(2 * k + 1), length), k * length * latent);
  return noise;
}

/** Noise of rows of `length` equal vectors. */
function heldNoise(model: ModelConfig, rows: number, length: number, seed: number): Float32Array {
  const { latent } = model;
  const vectors = sampleNoise(model, rows, seed);
  return Float32Array.from({ length: rows * length * latent }, (_, i) => {
    const row = Math.floor(i / (length * latent));
    return vectors[row * latent + (i % latent)];
  });
}

/** Classes of rows of `length` images, in equal steps from the first class of a row to its second. */
function classesBetween(ends: readonly (readonly number[])[], length: number, classes: number): Float32Array {
  const [from, to] = [0, 1].map((end) =>
    classRows(
      ends.flatMap((row) => Array<number>(length).fill(row[end])),
      classes,
    ),
  );
  return from.map((share, i) => {
    const position = length === 1 ? 0 : (Math.floor(i / classes) % length) / (length - 1);
    return (1 - position) * share + position * to[i];
  });
}

function labelOf(name: string, names: readonly string[]): number {
  const label = names.indexOf(name);
  if (label >= 0) return label;
  const nearest = nearestName(name, names);
  const shown = names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ');
  throw new UserError({
    code: 'unknown-class',
    message: `There is no class ${name}; there are ${shown}.`,
    advice: nearest === undefined ? 'Choose one of them with --class.' : `Did you mean ${nearest}?`,
  });
}

function withoutClasses(): UserError {
  return new UserError({
    code: 'no-classes',
    message: 'The model has no classes: it was trained without labels.',
    advice: 'Leave --class out, or train a model with --set model.condition.kind=label.',
  });
}

function incompleteWay(): UserError {
  return new UserError({
    code: 'usage',
    message: '--to-class goes from the class of --class in the number of images of --interpolate; it needs both.',
    advice: 'For example --class 3 --to-class 8 --interpolate 12.',
  });
}
