import { createPhaseUnits, normalNoise, streamKey, type ModelConfig } from '@lstm-gan/core';
import { openEngine } from '@lstm-gan/engine';

/** Draws images from a generator's weights, in inference mode. */
export interface Sampler {
  /** Returns images [N, H, W, C] in [-1, 1], one for each vector of `noise`; by default of the sampler's own noise. */
  sample(weights: Float32Array, noise?: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface SamplerOptions {
  /** Standard normal numbers [N, latent]. */
  readonly noise: Float32Array;
  readonly cacheDir: string;
  /** Default 1. All engines of a process must have the same number. */
  readonly threads?: number;
}

/**
 * Returns noise [count, latent] for a seed. A larger count gives the vectors of a smaller count, and more vectors after
 * them.
 */
export function sampleNoise({ latent }: ModelConfig, count: number, seed: number): Float32Array {
  return normalNoise(streamKey({ seed, purpose: 'sample-noise' }), count * latent);
}

const batch = 16;

/** Opens a sampler for a model, on the CPU. */
export async function openSampler(
  model: ModelConfig,
  { noise, cacheDir, threads = 1 }: SamplerOptions,
): Promise<Sampler> {
  const engine = await openEngine('graph', { cacheDir, threads, device: 'cpu' });
  const unit = await engine.compile(createPhaseUnits(model, batch).generatorSample);
  const imageFloats = model.image.size ** 2 * model.image.channels;
  return {
    async sample(weights, given = noise) {
      const count = given.length / model.latent;
      const batches = Math.ceil(count / batch);
      const padded = new Float32Array(batches * batch * model.latent);
      padded.set(given);
      const images = new Float32Array(batches * batch * imageFloats);
      for (let k = 0; k < batches; k++) {
        const part = padded.slice(k * batch * model.latent, (k + 1) * batch * model.latent);
        images.set((await unit.run({ generator: weights, noise: part })).images, k * batch * imageFloats);
      }
      return images.slice(0, count * imageFloats);
    },
    close: () => engine.close(),
  };
}
