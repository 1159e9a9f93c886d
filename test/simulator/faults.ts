/** What can happen in a simulated run, as values. */

/** What a schedule does next. Numbers choose among what there is. */
export type Move =
  /** The next message of a line arrives. */
  | { readonly kind: 'deliver'; readonly which: number }
  /** Many arrive, of all lines. */
  | { readonly kind: 'flow'; readonly which: number }
  /** It arrives, and once more: as after a connection that came back. */
  | { readonly kind: 'repeat'; readonly which: number }
  | { readonly kind: 'join' | FaultKind | 'wake' | 'restart'; readonly which: number }
  | { readonly kind: 'wait'; readonly which: number };

/**
 * What can happen to a worker, or to the coordinator while it is at work. `leave`: it ends politely. `slow`: it hears nothing until
 * some other messages have arrived. `disconnect`: its lines break, and it comes again. `corrupt`: what it says is no message, so it is
 * refused. `partition`: it and the next one do not reach each other any more. `disk-full`: the next state cannot be written, so
 * training stops, and the same command goes on.
 */
export const faultKinds = ['kill', 'leave', 'hang', 'slow', 'disconnect', 'corrupt', 'partition', 'disk-full'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A fault at a place of the run, as a value: what happens to a worker when it is to compute there. */
export interface Fault {
  /** Which of those that came, from 0. */
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
