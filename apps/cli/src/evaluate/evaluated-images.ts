/** Finds the samples that `evaluate` judges: drawn from a run's generator, or the pictures of a folder. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { openSampler, randomSamples } from '@lstm-gan/coordinator/program';
import { openDataset, shapeOfFirstImage } from '@lstm-gan/data';
import { checkpointsOf, isRun, readCheckpoint, readLatestCheckpoint, toPixels, type Checkpoint } from '@lstm-gan/run';
import { runOfPlace } from '../run-of-place.ts';
import { readSome, type SomeImages } from './read-some.ts';

/** Where the samples come from. */
export interface SampleSource {
  /** For people: `runs/digits, step 1400`. */
  readonly description: string;
  /** Width and height in pixels, and channels. */
  readonly size: number;
  readonly channels: 1 | 3;
  /** The data that the samples are compared with, if no other are named. */
  readonly data?: string;
  /** The run and the checkpoint that drew the samples; undefined for pictures. */
  readonly checkpoint?: SourceCheckpoint;
  /** The names of the samples' classes; undefined if nothing says what a sample is to show. */
  readonly classNames?: readonly string[];
  /** At most this number of samples can be had. */
  readonly most: number;
  /** Draws or reads samples. */
  draw(count: number, onProgress: (done: number) => void): Promise<SomeImages>;
  close(): void;
}

interface SourceCheckpoint {
  /** The run's folder; undefined if the checkpoint is not in one. */
  readonly root?: string;
  readonly file: string;
  readonly step: number;
  /** How many images training had read. */
  readonly images: number;
}

interface SourceOptions {
  readonly seed: number;
  readonly cacheDir: string;
  readonly threads: number;
  readonly onPacking: (done: number, total: number) => void;
}

/**
 * Opens what a user named: a run's folder, a checkpoint's file, or a folder of pictures. Throws a UserError if it is
 * none of them.
 */
export async function openSampleSource(place: string, options: SourceOptions): Promise<SampleSource> {
  const entry = await stat(place).catch(() => undefined);
  if (entry === undefined) {
    throw new UserError({
      code: 'no-run',
      message: `There is no ${place}.`,
      advice: 'Give the folder of a run, a checkpoint file, or a folder of pictures.',
    });
  }
  if (!entry.isDirectory()) {
    const checkpoint = await readCheckpoint(place);
    return openGenerator(checkpoint, place, runOfPlace(place), options);
  }
  if (await isRun(place)) {
    const onDamaged = (file: string, error: Error): void =>
      void process.stderr.write(`${file} is passed over: ${error.message}\n`);
    const { checkpoint, file } = await readLatestCheckpoint(checkpointsOf(place), onDamaged);
    return openGenerator(checkpoint, file, place, options);
  }
  return openPictures(place, options);
}

const drawnAtOnce = 256;

function openGenerator(
  { config, state }: Checkpoint,
  file: string,
  root: string | undefined,
  { seed, cacheDir, threads }: SourceOptions,
): SampleSource {
  const { model, batchSize, discriminatorSteps } = config;
  const { size, channels } = model.image;
  const classNames =
    model.condition && (config.classes?.map(({ name }) => name) ?? numbersBelow(model.condition.classes));
  return {
    description: `${root ?? file}, step ${state.step}`,
    ...(classNames && { classNames }),
    size,
    channels,
    data: config.data,
    checkpoint: { root, file, step: state.step, images: state.step * batchSize * discriminatorSteps },
    most: Infinity,
    async draw(count, onProgress) {
      const { noise, classes } = randomSamples(config, count, seed);
      const cut = (rows: Float32Array, first: number) =>
        rows.slice((first * rows.length) / count, ((first + drawnAtOnce) * rows.length) / count);
      const pixels = new Uint8Array(count * size * size * channels);
      const sampler = await openSampler(config, { noise, classes, cacheDir, threads });
      try {
        for (let first = 0; first < count; first += drawnAtOnce) {
          const part = { noise: cut(noise, first), ...(classes && { classes: cut(classes, first) }) };
          pixels.set(toPixels(await sampler.sample(state.ema, part)), first * size * size * channels);
          onProgress(Math.min(count, first + drawnAtOnce));
        }
      } finally {
        await sampler.close();
      }
      const labels = classes && classNames && { names: classNames, values: labelsOf(classes, classNames.length) };
      return { pixels, count, size, channels, ...(labels && { labels }) };
    },
    close: () => undefined,
  };
}

const numbersBelow = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number));

/** The labels that `classRows` made rows of. */
function labelsOf(rows: Float32Array, classes: number): Uint16Array {
  return Uint16Array.from({ length: rows.length / classes }, (_, image) =>
    rows.subarray(image * classes, (image + 1) * classes).indexOf(1),
  );
}

async function openPictures(folder: string, { seed, cacheDir, onPacking }: SourceOptions): Promise<SampleSource> {
  const { size, channels } = await shapeOfFirstImage(folder);
  const dataset = await openDataset(path.resolve(folder), { cacheDir, size, channels, onProgress: onPacking });
  return {
    description: `the pictures in ${folder}`,
    size,
    channels,
    ...(dataset.labels && { classNames: dataset.labels.names }),
    most: dataset.count,
    draw: async (count) => readSome(dataset, count, seed),
    close: () => dataset.close(),
  };
}
