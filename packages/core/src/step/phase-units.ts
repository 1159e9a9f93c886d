import type { ModelConfig } from '../model/model-config.ts';
import type { Unit } from './unit.ts';

/**
 * The units of a training step, for one shard of `B = shardSize` images of a model. All weights are flat vectors in
 * the layout of their network (see gan-layouts); seeds are int32 [2] keys of stateless random streams; noise is
 * float32 [B, latent].
 */
export interface PhaseUnits {
  /** Generator in training mode (batch statistics): images as the discriminator sees them, in [-1, 1]. */
  readonly generatorForward: Unit<'generator' | 'noise', 'images'>;
  /** Loss and gradient of the real half; `images` uint8 [B, H, W, C]; `regularizerSeed` feeds approximate R1. */
  readonly discriminatorReal: Unit<
    'discriminator' | 'images' | 'dropoutSeed' | 'regularizerSeed',
    'loss' | 'penalty' | 'gradient' | 'logits'
  >;
  /** Loss and gradient of the fake half; `images` float32 [B, H, W, C] from generatorForward. */
  readonly discriminatorFake: Unit<'discriminator' | 'images' | 'dropoutSeed', 'loss' | 'gradient' | 'logits'>;
  /** Forward and backward through both networks: the generator's loss, and its contribution (gradients and moments). */
  readonly generatorBackward: Unit<'generator' | 'discriminator' | 'noise' | 'dropoutSeed', 'loss' | 'contribution'>;
  /** Generator in inference mode (moving averages), for samples: images in [-1, 1]. */
  readonly generatorSample: Unit<'generator' | 'noise', 'images'>;
}

export type CreatePhaseUnits = (model: ModelConfig, shardSize: number) => PhaseUnits;
