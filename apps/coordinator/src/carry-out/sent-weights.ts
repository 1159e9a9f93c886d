import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { roundForWire, type RunConfig } from '@lstm-gan/run';

/**
 * Holds weights as they are sent to workers. If the run's configuration (`wire`) asks for rounded weights, they are
 * rounded once for all workers.
 */
export class SentWeights {
  readonly #wire: RunConfig['wire'];
  readonly #arithmetic: VectorArithmetic;
  readonly #sent = new WeakMap<Float32Array, Float32Array>();

  constructor(wire: RunConfig['wire'], arithmetic: VectorArithmetic) {
    this.#wire = wire;
    this.#arithmetic = arithmetic;
  }

  of(weights: Float32Array): Float32Array {
    const sent = this.#sent.get(weights) ?? roundForWire(weights, this.#wire, this.#arithmetic.allocateOutgoing);
    this.#sent.set(weights, sent);
    return sent;
  }

  /** Frees weights and their rounded copy. Call it only when the sent array has arrived at all workers. */
  release(weights: Float32Array): void {
    for (const array of new Set([this.#sent.get(weights) ?? weights, weights])) this.#arithmetic.release(array);
    this.#sent.delete(weights);
  }
}
