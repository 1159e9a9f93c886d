import type { ModelConfig } from '../model/model-config.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { streamKey } from '../random/stream-key.ts';

/**
 * Returns noise [count, latent] for a seed. A larger count gives the vectors of a smaller count, and more vectors after
 * them.
 *
 * @category Draw
 */
export function sampleNoise({ latent }: Pick<ModelConfig, 'latent'>, count: number, seed: number): Float32Array {
  return normalNoise(streamKey({ seed, purpose: 'sample-noise' }), count * latent);
}
