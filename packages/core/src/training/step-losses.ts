import type { LossOfShard } from '../compute/compute-subtree.ts';
import type { Network } from '../weights/layout.ts';

/** The mean losses of a step over its shards. The discriminator's are means over all discriminator phases. */
export interface MeanLosses {
  readonly discriminator: number;
  readonly generator: number;
  /** The regularizer's part of the discriminator's loss; 0 if no penalty was computed. */
  readonly penalty: number;
}

/**
 * Collects the losses of a step's shards. They are summed in the shards' order, so the bits do not depend on who
 * computed which shard.
 */
export class StepLosses {
  readonly #losses: Readonly<Record<Network, (LossOfShard & { readonly turn: number })[]>> = {
    generator: [],
    discriminator: [],
  };

  /** Adds the losses of some shards of a phase. */
  add(phase: Network, turn: number, ofShards: readonly LossOfShard[]): void {
    for (const losses of ofShards) this.#losses[phase].push({ ...losses, turn });
  }

  /** The means over all shards so far. */
  means(): MeanLosses {
    for (const list of Object.values(this.#losses)) list.sort((a, b) => a.turn - b.turn || a.shard - b.shard);
    const mean = (phase: Network, part: 'loss' | 'penalty'): number =>
      this.#losses[phase].reduce((sum, losses) => sum + losses[part], 0) / this.#losses[phase].length;
    return {
      generator: mean('generator', 'loss'),
      discriminator: mean('discriminator', 'loss'),
      penalty: mean('discriminator', 'penalty'),
    };
  }
}
