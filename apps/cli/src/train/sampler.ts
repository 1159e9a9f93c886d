import { createPhaseUnits, normalNoise, streamKey, type ModelConfig } from '@lstm-gan/core';
import { openEngine } from '@lstm-gan/engine';

/** Draws images from a generator's weights, in inference mode. */
export interface Sampler {
  /** Images [count, H, W, C] in [-1, 1]; the same for the same seed. */
  sample(weights: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface SamplerOptions {
  readonly count: number;
  readonly seed: number;
  readonly cacheDir: string;
}

const batch = 16;

/** Opens a sampler for a model, on one CPU thread. */
export async function openSampler(model: ModelConfig, { count, seed, cacheDir }: SamplerOptions): Promise<Sampler> {
  const engine = await openEngine('graph', { cacheDir, threads: 1, device: 'cpu' });
  const unit = await engine.compile(createPhaseUnits(model, batch).generatorSample);
  const batches = Math.ceil(count / batch);
  const noise = normalNoise(streamKey({ seed, purpose: 'sample-noise' }), batches * batch * model.latent);
  const imageFloats = model.image.size ** 2 * model.image.channels;
  return {
    async sample(weights) {
      const images = new Float32Array(batches * batch * imageFloats);
      for (let k = 0; k < batches; k++) {
        const part = noise.slice(k * batch * model.latent, (k + 1) * batch * model.latent);
        images.set((await unit.run({ generator: weights, noise: part })).images, k * batch * imageFloats);
      }
      return images.slice(0, count * imageFloats);
    },
    close: () => engine.close(),
  };
}
