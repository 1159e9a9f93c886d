/** The events and faults of a simulated run, as values. */

/** The next move of a schedule. A number chooses one of the lines or members that exist at that time. */
export type Move =
  /** The next message of one line arrives. */
  | { readonly kind: 'deliver'; readonly which: number }
  /** Up to 19 messages arrive, on various lines. */
  | { readonly kind: 'flow'; readonly which: number }
  /** A message arrives twice, as it may after a connection was made again. */
  | { readonly kind: 'repeat'; readonly which: number }
  | { readonly kind: 'join' | FaultKind | 'wake' | 'restart'; readonly which: number }
  | { readonly kind: 'wait'; readonly which: number };

/**
 * What can happen to a worker or to the coordinator. `leave`: the worker asks to end. `slow`: it receives nothing until some
 * other messages have arrived. `disconnect`: its lines break, and it joins again. `corrupt`: it sends bytes that are not a
 * message, so it is refused. `partition`: it and the next worker cannot reach each other any more. `disk-full`: the next
 * state cannot be written, so training stops, and the same command continues it.
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
