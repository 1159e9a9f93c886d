import type { Ready, Updated, WorkerMessage } from '@lstm-gan/transport';
import type { Refusal } from './admission.ts';
import type { Advance, Effect } from './effects.ts';
import type { CoordinatorState, Member } from './state.ts';

/**
 * What the coordinator decides differently in each exchange; star/ and sliced/ have one implementation each. Everything
 * else is decided in the same way for both. The other half of an exchange is ExchangeArrays in carry-out/.
 */
export interface ExchangeRules {
  /** Whether contributions bring their sums to the coordinator. */
  readonly contributionsCarrySums: boolean;
  /** The crew's number (not its size); messages of a round must carry it. 0 in the star. */
  crewNumber(state: CoordinatorState): number;
  /** Why a worker that is ready cannot take part in this exchange. Undefined if it can. */
  refuseReady(worker: string, ready: Ready): Refusal | undefined;

  /** Starts the next phase. If training is over at the end of a step, ends training instead. */
  beginRound(state: CoordinatorState, isWanted: boolean): Advance;
  /** Gives idle workers leases of the round, if there is something to compute. */
  handOut(state: CoordinatorState): Advance;
  /** A contribution was collected. Gives out more leases; in the star, when every shard is done, orders the update. */
  afterCollect(state: CoordinatorState): Advance;
  /** Judges a message that only the sliced exchange has. In the star such a message is unexpected. */
  hear(state: CoordinatorState, member: Member, message: ExchangeMessage): Heard;
  /** All slices of a gathering have arrived. */
  afterGather(state: CoordinatorState, gathering: number): Advance;

  /** A worker was admitted. */
  afterAdmission(state: CoordinatorState): Advance;
  /** Whether a member that asked to leave must stay for now. */
  isNeeded(state: CoordinatorState, member: Member): boolean;
  /** A worker is gone, and the shards of its leases are pending again. */
  afterLoss(state: CoordinatorState, connection: string): Advance;
  /** Training is to end after the current step. */
  stop(state: CoordinatorState): Advance;
}

/** Messages that only the sliced exchange has. */
export type ExchangeMessage = Extract<WorkerMessage, { kind: 'settled' | 'updated' | 'slice' | 'unreachable' }>;

/** The state after a message of an exchange, and what the message means. */
export interface Heard {
  readonly state: CoordinatorState;
  readonly verdict:
    | { readonly kind: 'noted'; readonly effects: readonly Effect[] }
    /** The message belongs to another crew or round, or has come before. */
    | { readonly kind: 'stale' }
    | { readonly kind: 'unexpected'; readonly what: string }
    /** A worker must leave, not necessarily the one that sent the message. */
    | { readonly kind: 'refused'; readonly connection: string; readonly refusal: Refusal }
    /** All members have taken up their places in the crew. */
    | { readonly kind: 'settled' }
    /** All members have the round's result. `results` are the messages in which they say so. */
    | { readonly kind: 'updated'; readonly results: readonly Updated[] }
    /** An update would make this entry of the phase's network not finite. */
    | { readonly kind: 'not-finite'; readonly entry: string };
}
