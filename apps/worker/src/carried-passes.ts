/**
 * Generator passes that were made for a discriminator phase and that the generator phase goes on from, where both phases of
 * a step share their noise. Whoever has one need not run the generator again; whoever has none runs it, and gets the same
 * bits.
 */
import type { BegunUnit } from '@lstm-gan/engine';

export type GeneratorPass = BegunUnit<
  'generator' | 'discriminator' | 'noise' | 'dropoutSeed',
  'images' | 'loss' | 'contribution'
>;

/** What a pass keeps is tens of megabytes for large models. */
const maxCarried = 8;

export interface CarriedPasses {
  /** Takes over a pass with these weights; passes with others are past, and freed. */
  put(step: number, shard: number, weights: Float32Array, pass: GeneratorPass): void;
  /** Gives the pass back that was put with the same weights, once. */
  take(step: number, shard: number, weights: Float32Array): GeneratorPass | undefined;
}

export function createCarriedPasses(): CarriedPasses {
  const passes = new Map<number, GeneratorPass>();
  let of: { step: number; weights: Float32Array } | undefined;
  const isOf = (step: number, weights: Float32Array): boolean => of?.step === step && of.weights === weights;
  return {
    put(step, shard, weights, pass) {
      if (!isOf(step, weights)) {
        for (const past of passes.values()) past.discard();
        passes.clear();
        of = { step, weights };
      }
      if (passes.size >= maxCarried || passes.has(shard)) pass.discard();
      else passes.set(shard, pass);
    },
    take(step, shard, weights) {
      const pass = isOf(step, weights) ? passes.get(shard) : undefined;
      if (pass !== undefined) passes.delete(shard);
      return pass;
    },
  };
}
