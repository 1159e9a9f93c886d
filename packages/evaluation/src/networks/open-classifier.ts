import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeSafetensors, encodeSafetensors, joinVector, splitVector, type NamedTensor } from '@lstm-gan/core';
import type { Engine } from '@lstm-gan/engine';
import { explainWriteError, makeFolder, writeAtomically } from '@lstm-gan/system';
import { classifierFeatures, classifierSize, createClassifierUnits, type ClassifierUnits } from './classifier-units.ts';
import type { FeatureNetwork } from './feature-network.ts';
import { inBatches } from './in-batches.ts';
import {
  checkImages,
  recipe,
  trainClassifier,
  type LabelledImages,
  type TrainedClassifier,
} from './train-classifier.ts';

/** How a classifier is trained, and where it is kept. */
export interface ClassifierOptions {
  /** Trained classifiers are kept in its subfolder `networks`. */
  readonly cacheDir: string;
  readonly engine: Engine;
  readonly seed: number;
  /** How many batches a classifier is trained on. Default: 720, about five epochs of 9,000 images. */
  readonly steps?: number;
  /** Called with the number of training steps done. Not called if the classifier is in the cache. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A classifier as a feature network. */
export interface Classifier extends FeatureNetwork {
  readonly classes: readonly string[];
  /** The share of right answers on images that it was not trained on. */
  readonly accuracy: number;
}

/**
 * Opens the classifier of a labelled data set. If the cache has none for this code, these images and this seed, trains
 * one (about 20 seconds on two cores). Throws a UserError if the images are not enough for a classifier.
 */
export async function openClassifier(
  images: LabelledImages,
  { cacheDir, engine, seed, steps = recipe.steps, onProgress = () => undefined }: ClassifierOptions,
): Promise<Classifier> {
  checkImages(images);
  const channels = images.channels as 1 | 3;
  const names = images.labels?.names ?? [];
  const units = createClassifierUnits({ channels, classes: names.length }, recipe.batch);
  const classify = await engine.compile(units.classify);
  const key = classifierKey(images, seed, steps, (await engine.compile(units.train)).graphHash);
  const file = path.join(cacheDir, 'networks', `${images.name}-${key}.safetensors`);
  const { weights, accuracy, heldOut } =
    (await readClassifier(file, units)) ??
    (await writeClassifier(file, units, await trainClassifier(images, units, engine, seed, steps, onProgress)));
  return {
    name: classifierName(images),
    description:
      `a classifier with ${classifierFeatures} features, trained on ${images.name}: ` +
      `right on ${(100 * accuracy).toFixed(1)} % of ${heldOut} images that it has not seen`,
    classes: names,
    accuracy,
    key: createHash('sha256').update(`${key} ${classify.graphHash}`).digest('hex'),
    async compute(given, onDone) {
      const run = (batch: Uint8Array) => classify.run({ weights, images: batch });
      const shape = { size: classifierSize, channels };
      const { features, probabilities } = await inBatches(given, shape, recipe.batch, run, onDone);
      return { values: features, width: classifierFeatures, probabilities };
    },
  };
}

/** The name of the classifier of a data set, which is part of the names of its metrics. */
export function classifierName({ name }: Pick<LabelledImages, 'name'>): string {
  return name.replaceAll(/[^\w.-]+/g, '-');
}

/** Short hash of everything that decides a classifier's weights. The graph's hash stands for the code of its layers. */
function classifierKey({ digest, labels }: LabelledImages, seed: number, steps: number, graphHash: string): string {
  const decisive = { digest, names: labels?.names, seed, ...recipe, steps, graphHash };
  const hash = createHash('sha256').update(JSON.stringify(decisive));
  if (labels !== undefined) hash.update(labels.values);
  return hash.digest('hex').slice(0, 16);
}

/** Reads a classifier. Undefined if there is none, or if the file is damaged: it is then trained again. */
async function readClassifier(file: string, { layout }: ClassifierUnits): Promise<TrainedClassifier | undefined> {
  try {
    const { metadata, tensors } = decodeSafetensors(await readFile(file));
    const parts = new Map<string, Float32Array>();
    for (const [name, tensor] of tensors) if (tensor.dtype === 'F32') parts.set(name, tensor.data);
    const [accuracy, heldOut] = ['accuracy', 'heldOut'].map((key) => Number(metadata.get(key) ?? NaN));
    if (!(accuracy >= 0 && accuracy <= 1 && heldOut > 0)) return undefined;
    return { weights: joinVector(layout, parts), accuracy, heldOut };
  } catch {
    return undefined;
  }
}

/** Writes a classifier, completely or not at all, and returns it. Throws a UserError if it cannot be written. */
async function writeClassifier(
  file: string,
  { layout }: ClassifierUnits,
  trained: TrainedClassifier,
): Promise<TrainedClassifier> {
  const parts = splitVector(layout, trained.weights);
  const tensors = layout.entries.map(({ name, shape }): NamedTensor => ({
    name,
    dtype: 'F32',
    shape,
    data: parts.get(name) as Float32Array,
  }));
  const { accuracy, heldOut } = trained;
  const metadata = new Map(Object.entries({ accuracy: String(accuracy), heldOut: String(heldOut) }));
  try {
    await makeFolder(path.dirname(file));
    await writeAtomically(file, encodeSafetensors(tensors, metadata));
  } catch (error) {
    throw explainWriteError(file, error, 'Choose another cache with --cache-dir.');
  }
  return trained;
}
