/**
 * Keeps generator passes that a discriminator phase made for its fake images. The generator phase of the same step
 * continues them. This is possible if both phases share their noise. A worker that did not keep the pass of a shard
 * runs the generator again and gets the same bits.
 */
import type { CompiledUnits } from './compile-units.ts';

/** A generator's forward pass of a shard. */
export type GeneratorPass = Awaited<ReturnType<CompiledUnits['generatorBackward']['begin']>>;

/** The limit is small because, for large models, a pass keeps tens of megabytes. */
const mostKept = 8;

/** Keeps generator passes. */
export interface GeneratorPasses {
  /**
   * Keeps a pass, or discards the pass if too many passes are kept or the shard has one. Discards the kept passes of
   * another step or of other weights.
   */
  keep(step: number, shard: number, weights: Float32Array, pass: GeneratorPass): void;
  /**
   * Returns the shard's pass and keeps it no longer. Undefined if no pass was kept for this step and this array of
   * weights.
   */
  take(step: number, shard: number, weights: Float32Array): GeneratorPass | undefined;
}

/** Makes a keeper of generator passes that is empty. */
export function createGeneratorPasses(): GeneratorPasses {
  /** The kept passes, by shard. All were made in the step and with the weights of `madeWith`. */
  const passes = new Map<number, GeneratorPass>();
  let madeWith: { readonly step: number; readonly weights: Float32Array } | undefined;
  const isMadeWith = (step: number, weights: Float32Array): boolean =>
    madeWith?.step === step && madeWith.weights === weights;
  return {
    keep(step, shard, weights, pass) {
      if (!isMadeWith(step, weights)) {
        for (const past of passes.values()) past.discard();
        passes.clear();
        madeWith = { step, weights };
      }
      if (passes.size >= mostKept || passes.has(shard)) pass.discard();
      else passes.set(shard, pass);
    },
    take(step, shard, weights) {
      const pass = isMadeWith(step, weights) ? passes.get(shard) : undefined;
      if (pass !== undefined) passes.delete(shard);
      return pass;
    },
  };
}
