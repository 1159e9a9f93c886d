import { createPhaseUnits, isCustom } from '@lstm-gan/core';
import { openEngine } from '@lstm-gan/engine';
import type { RunConfig } from '@lstm-gan/run';
import type { Samples } from './grid-samples.ts';

/** Draws images from a generator's weights, in inference mode. */
export interface Sampler {
  /** Returns images [N, H, W, C] in [-1, 1], one for each of the samples; by default of the sampler's own samples. */
  sample(weights: Float32Array, samples?: Samples): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface SamplerOptions extends Samples {
  readonly cacheDir: string;
  /** Default 1. All engines of a process must have the same number. */
  readonly threads?: number;
}

const batch = 16;

/** Opens a sampler for the model of a run, on the CPU. */
export async function openSampler(
  { model, engine: engineOfRun }: Pick<RunConfig, 'model' | 'engine'>,
  { cacheDir, threads = 1, ...own }: SamplerOptions,
): Promise<Sampler> {
  // A user may have chosen the eager engine for layers that no graph can hold.
  const engine = await openEngine(isCustom(model) ? engineOfRun : 'graph', { cacheDir, threads, device: 'cpu' });
  const unit = await engine.compile(createPhaseUnits(model, batch).generatorSample);
  const imageFloats = model.image.size ** 2 * model.image.channels;
  return {
    async sample(weights, { noise, classes } = own) {
      const count = noise.length / model.latent;
      const images = new Float32Array(count * imageFloats);
      for (let first = 0; first < count; first += batch) {
        const cut = (rows: Float32Array) => batchOf(rows, count, first);
        const inputs = { noise: cut(noise), ...(classes && { classes: cut(classes) }) };
        const drawn = await unit.run({ generator: weights, ...inputs });
        images.set(drawn.images.subarray(0, (count - first) * imageFloats), first * imageFloats);
      }
      return images;
    },
    close: () => engine.close(),
  };
}

/** The rows of a batch of samples, filled up with zeros at the end. */
function batchOf(rows: Float32Array, count: number, first: number): Float32Array {
  const size = rows.length / count;
  const part = new Float32Array(batch * size);
  part.set(rows.subarray(first * size, (first + batch) * size));
  return part;
}
