/** The events and faults of a simulated run, as values. */

/** The next move of a schedule. The number `which` chooses one of the wires or members that exist at that time. */
export type Move =
  /** The next message of one wire arrives. */
  | { readonly kind: 'deliver'; readonly which: number }
  /** Up to 19 messages arrive, on various wires. */
  | { readonly kind: 'flow'; readonly which: number }
  /** A message arrives twice, as a message may after its sender has connected again. */
  | { readonly kind: 'repeat'; readonly which: number }
  | { readonly kind: 'join' | FaultKind | 'wake' | 'restart'; readonly which: number }
  | { readonly kind: 'wait'; readonly which: number };

/**
 * What can happen to a worker or to the coordinator. `leave`: the worker asks to end. `slow`: the worker receives
 * nothing until some messages to others have arrived. `disconnect`: the worker's wires break, and it joins again.
 * `corrupt`: the worker sends bytes that are not a message, so it is refused. `partition`: the worker and the next one
 * in the order of joining cannot reach each other any more. `disk-full`: the coordinator cannot write the next state,
 * so training stops; then the coordinator is started again.
 */
export const faultKinds = ['kill', 'leave', 'hang', 'slow', 'disconnect', 'corrupt', 'partition', 'disk-full'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A fault at a place of the run: what happens to a worker when it is about to compute there. */
export interface Fault {
  /** The number of the worker, in the order of joining, from 0. */
  readonly worker: number;
  readonly step: number;
  readonly phase: 'generator' | 'discriminator';
  readonly kind: FaultKind;
}

export const failAt = (worker: number, step: number, phase: Fault['phase'], kind: Fault['kind']): Fault => ({
  worker,
  step,
  phase,
  kind,
});
