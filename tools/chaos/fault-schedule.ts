/** Which harm is done, when, and to whom: a pure function of a seed, so that a run of chaos can be done again. */
import { statelessUniform } from '@lstm-gan/core';

/** `kill`: SIGKILL. `hang`: SIGSTOP for some seconds. `leave`: SIGTERM. `cut`: all of its connections are broken. `mute`: they stand, and nothing passes for some seconds. */
export const faultKinds = ['kill', 'hang', 'leave', 'cut', 'mute'] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Seconds after the one before it. */
  readonly afterS: number;
  /** Which of the workers. */
  readonly worker: number;
  /** Of hang and mute. */
  readonly lastsS: number;
}

/** An endless list of faults, one every `everyS` seconds on average, between half and one and a half of it. */
export function* scheduleFaults(seed: number, kinds: readonly FaultKind[], everyS: number, workers: number): Generator<Fault, never> {
  for (let k = 0; ; k++) {
    const [when, which, whom, long] = statelessUniform([seed, k], 4);
    yield { kind: kinds[Math.floor(which * kinds.length)], afterS: everyS * (0.5 + when), worker: Math.floor(whom * workers), lastsS: 2 + 4 * long };
  }
}
