/**
 * The events that a coordinator handles, and the effects that `advance` answers them with. Training carries effects out
 * in their order.
 */
import type { Network } from '@lstm-gan/core';
import type { Contribution, CoordinatorMessage, Phase, Updated, WorkerMessage } from '@lstm-gan/transport';
import type { CrewEffect } from './sliced/sliced-state.ts';
import type { Computes, CoordinatorState, Lease, Round } from './state.ts';

export type CoordinatorEvent =
  | { readonly kind: 'message'; readonly connection: string; readonly message: WorkerMessage }
  | { readonly kind: 'left'; readonly connection: string; readonly sentence: string }
  /** The effect `update` was carried out. */
  | { readonly kind: 'updated' }
  /** The effect `commit` was carried out. */
  | {
      readonly kind: 'committed';
      /** Training may end after this step. */
      readonly isEnough: boolean;
      /** Whether the state after this step is to be recorded: `onCommit` has asked for it. */
      readonly isWanted: boolean;
    }
  /** All slices of a gathering have arrived. */
  | { readonly kind: 'gathered'; readonly gathering: number }
  /** Two workers computed different bits for the same shards. */
  | {
      readonly kind: 'differed';
      readonly workers: readonly [string, string];
      readonly contribution: Pick<Contribution, 'step' | 'phase' | 'subtrees'>;
    }
  /** Time has passed: a worker may be late. */
  | { readonly kind: 'tick' }
  /** Training is to end after the current step. */
  | { readonly kind: 'stop' };

/** The effects of a step, in the order in which train-step.ts shows them. */
type StepEffect =
  | { readonly kind: 'send-weights'; readonly connection: string; readonly network: Network; readonly version: number }
  | { readonly kind: 'send-work'; readonly connection: string; readonly lease: Lease; readonly round: Round }
  /** Adds a contribution to the round. */
  | {
      readonly kind: 'collect';
      readonly contribution: Contribution;
      readonly worker: string;
      /** The number that the lease shares with its copy, if another worker computes the same shards. */
      readonly lease: number | undefined;
    }
  /**
   * Compares a contribution that does not count with the one that counted. Answered with `differed` if their bits
   * differ.
   */
  | { readonly kind: 'compare'; readonly contribution: Contribution; readonly worker: string; readonly lease: number }
  /** Every shard is collected: updates the phase's network. Answered with `updated`. */
  | {
      readonly kind: 'update';
      readonly step: number;
      readonly phase: Phase;
      /** In the sliced exchange, the message `updated` of each member of the crew. Empty in the star. */
      readonly results: readonly Updated[];
    }
  /** Both networks of the step are updated. Answered with `committed`. */
  | { readonly kind: 'commit'; readonly step: number }
  /** The round is done again: its contributions are forgotten. */
  | { readonly kind: 'redo' };

/** What a line of the log says of a worker: on which device of which machine it joined, or how it departed and why. */
type WorkerEvent =
  | { readonly worker: string; readonly device: string; readonly host?: string }
  | { readonly worker: string; readonly departure: 'asked' | 'lost' | 'refused'; readonly why: string };

export type Effect =
  | StepEffect
  | CrewEffect
  | { readonly kind: 'send'; readonly connection: string; readonly message: CoordinatorMessage }
  | { readonly kind: 'disconnect'; readonly connection: string }
  /** The worker computes from now on, so the link must notice if the worker's program hangs. */
  | { readonly kind: 'watch'; readonly connection: string }
  /**
   * The first worker is admitted. The caller learns what this worker computes with, and compares that with the identity
   * of a resumed run.
   */
  | { readonly kind: 'identify'; readonly computes: Computes }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn';
      readonly text: string;
      /** The worker that has joined or is gone, as fields of the log's line: `inspect` reads them. */
      readonly about?: WorkerEvent;
    }
  /** Training stops with an error. */
  | { readonly kind: 'abort'; readonly code: string; readonly message: string; readonly advice: string }
  /** Training is over. No effect follows. */
  | { readonly kind: 'finish' };

/** The effect of one kind. */
export type EffectOf<Kind extends Effect['kind']> = Extract<Effect, { readonly kind: Kind }>;

/** What `advance` returns: the next state, and the effects to carry out. */
export interface Advance {
  readonly state: CoordinatorState;
  readonly effects: readonly Effect[];
}

/** Returns an advance that changes the state and has no effects. */
export function quietly(state: CoordinatorState): Advance {
  return { state, effects: [] };
}

/** Returns an advance with `effects` in front of its own. */
export function prepend(effects: readonly Effect[], { state, effects: following }: Advance): Advance {
  return { state, effects: [...effects, ...following] };
}
