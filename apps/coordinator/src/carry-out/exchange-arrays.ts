import type { Network } from '@lstm-gan/core';
import type { TrainingState } from '@lstm-gan/run';
import type { Contribution } from '@lstm-gan/transport';
import type { CrewEffect } from '../decide/sliced/sliced-state.ts';

/**
 * What the coordinator does with a run's arrays; star/ and sliced/ have one implementation each. The other half of an
 * exchange is ExchangeRules in decide/. Arrays that were given out are never written again.
 */
export interface ExchangeArrays {
  /** The state that the run ends with if it ends now: the newest committed state that the coordinator holds. */
  readonly state: TrainingState;
  /** The newest weights of a network that the coordinator holds. They are sent to workers that lack them. */
  weightsOf(network: Network): Float32Array;
  /** Adds a contribution's sums to the round's sum. */
  collect(contribution: Contribution): void;
  /**
   * Called when every shard is collected: computes the network's new weights. Throws a UserError if they are not
   * finite.
   */
  update(network: Network): void;
  /** Called when both networks of the step are updated: the new state becomes the committed one. */
  commit(): void;
  /**
   * Returns the newest committed state, which the caller may keep. Returns undefined if the state must be gathered
   * first: `onState` is called with it later.
   */
  keep(): TrainingState | undefined;
  /** Carries out an effect that only the sliced exchange has. */
  carryOut(effect: CrewEffect): void;
}
