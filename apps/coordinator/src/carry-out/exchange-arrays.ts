import type { Network } from '@lstm-gan/core';
import type { TrainingState } from '@lstm-gan/run';
import type { Contribution } from '@lstm-gan/transport';
import type { CrewEffect } from '../decide/sliced/sliced-state.ts';

/**
 * What the coordinator does with a run's arrays; star/ and sliced/ have one implementation each. The other half of an
 * exchange is ExchangeRules in decide/. Arrays that were given out are never written again.
 */
export interface ExchangeArrays {
  /** The state that the run ends with if it ends now: the last one that is committed and held here. */
  readonly state: TrainingState;
  /** The newest weights of a network that workers may lack. */
  weightsOf(network: Network): Float32Array;
  /** Takes a contribution's sums into the round. */
  collect(contribution: Contribution): void;
  /** Every shard is collected: the network gets its new weights. Throws a UserError if they would not be finite. */
  update(network: Network): void;
  /** Both networks of the step are updated. */
  commit(): void;
  /** Keeps the state that was committed just now for the caller. Undefined if it is not here yet and comes later. */
  keep(): TrainingState | undefined;
  /** Carries out an effect that only the sliced exchange has. */
  carryOut(effect: CrewEffect): void;
}
