/**
 * Runs a network that another program has written, with tfjs-node: a SavedModel of TensorFlow, or a graph model or
 * layers model of tfjs.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { EngineOptions } from '../contract/engine.ts';
import { notProvisioned } from '../not-provisioned.ts';
import { locateTensorFlow, type Provisioned } from '../tensorflow/provision/provision.ts';
import { loadStockBackend } from '../tensorflow/runtime/stock-backend.ts';
import { unreadable, type NetworkFiles, type TfjsArtifacts } from './read-network-files.ts';

/** A network of images. */
export interface SavedNetwork {
  /** Height and width of its images; undefined if it takes images of any size. */
  readonly size?: readonly [height: number, width: number];
  readonly channels: 1 | 3;
  /** How many images it takes at once; undefined if it takes any number. */
  readonly batch?: number;
  /**
   * Returns the network's output, [count, ...], flat.
   * @param images [count, height, width, channels]
   */
  run(images: Float32Array, count: number, size: readonly [height: number, width: number]): Promise<Float32Array>;
}

/** What tfjs and tfjs-node call a model, as far as it is used here. */
interface Model {
  readonly inputs: readonly { readonly shape?: readonly unknown[] | null; readonly dtype?: string }[];
  predict(x: Tensor): Tensor | Tensor[] | Readonly<Record<string, Tensor>>;
}

/** The parts of the package @tensorflow/tfjs that are used here. */
interface Tfjs {
  readonly io: { fromMemory(artifacts: TfjsArtifacts): unknown };
  loadGraphModel(source: unknown): Promise<Model>;
  loadLayersModel(source: unknown): Promise<Model>;
  tensor4d(values: Float32Array, shape: readonly number[]): Tensor;
}

/**
 * Opens a network.
 * @param place what the user named, for errors
 */
export async function openSavedNetwork(
  place: string,
  files: NetworkFiles,
  { cacheDir, threads }: Pick<EngineOptions, 'cacheDir' | 'threads'>,
): Promise<SavedNetwork> {
  const provisioned = await locateTensorFlow(cacheDir, 'cpu');
  if (provisioned === undefined) throw notProvisioned('cpu', cacheDir);
  await loadStockBackend(provisioned, threads);
  const requireBeside = createRequire(path.join(provisioned.tfjsNode, 'package.json'));
  const tfjs = requireBeside('@tensorflow/tfjs') as Tfjs;
  const model = await loadModel(files, provisioned, tfjs).catch((error: unknown) => {
    throw unreadable(place, sentenceOf(error));
  });
  if (model.inputs.length !== 1) throw unreadable(place, `it has ${model.inputs.length} inputs`);
  const [{ shape, dtype }] = model.inputs;
  if (dtype !== 'float32') throw unreadable(place, `its input is ${dtype ?? 'of an unknown type'}`);
  const lengths = shape?.map(lengthOf) ?? [];
  const [batch, height, width, channels] = lengths;
  if (lengths.length !== 4 || (channels !== 1 && channels !== 3))
    throw unreadable(place, `its input has the shape [${lengths.map((length) => length ?? 'any').join(', ')}]`);
  return {
    ...(height !== undefined && width !== undefined && { size: [height, width] as const }),
    channels,
    ...(batch !== undefined && { batch }),
    async run(images, count, size) {
      const input = tfjs.tensor4d(images, [count, ...size, channels]);
      let outputs: Tensor[] = [];
      try {
        outputs = listOf(model.predict(input));
        if (outputs.length !== 1) throw unreadable(place, `it has ${outputs.length} outputs`);
        const [output] = outputs;
        if (output.dtype !== 'float32' || output.shape[0] !== count)
          throw unreadable(place, `it returns ${output.dtype} [${output.shape.join(', ')}] for ${count} images`);
        return Float32Array.from(await output.data<'float32'>());
      } catch (error) {
        if (error instanceof Error && 'advice' in error) throw error;
        throw unreadable(place, sentenceOf(error));
      } finally {
        for (const tensor of [input, ...outputs]) tensor.dispose();
      }
    },
  };
}

function loadModel(files: NetworkFiles, { tfjsNode }: Provisioned, tfjs: Tfjs): Promise<Model> {
  if (files.kind === 'saved-model') {
    const requireBeside = createRequire(path.join(tfjsNode, 'package.json'));
    const { loadSavedModel } = requireBeside('./dist/saved_model.js') as {
      loadSavedModel(folder: string): Promise<Model>;
    };
    return loadSavedModel(files.folder);
  }
  const source = tfjs.io.fromMemory(files.artifacts);
  return files.kind === 'graph-model' ? tfjs.loadGraphModel(source) : tfjs.loadLayersModel(source);
}

/** A length of a shape; undefined if any length will do. tfjs-node gives messages of the protocol for a SavedModel. */
function lengthOf(given: unknown): number | undefined {
  const length =
    given !== null && typeof given === 'object' && 'getSize' in given ? (given.getSize as () => unknown)() : given;
  return typeof length === 'number' && length > 0 ? length : undefined;
}

function listOf(outputs: ReturnType<Model['predict']>): Tensor[] {
  if (Array.isArray(outputs)) return outputs;
  return 'dataId' in outputs ? [outputs as Tensor] : Object.values(outputs);
}

function sentenceOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0].replace(/\.$/, '');
}
