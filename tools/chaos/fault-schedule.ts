/** Which faults happen when, and to which worker: a pure function of a seed, so that a run of chaos can be repeated. */
import { statelessUniform } from '@lstm-gan/core/random';

/** The kinds of faults of a worker, each with its description. */
export const faults = {
  kill: 'SIGKILL',
  hang: 'SIGSTOP, and SIGCONT 2 to 6 s later',
  leave: 'SIGTERM: it leaves after its lease',
  away: 'SIGTERM, and no worker takes its place for 2 to 6 s',
  cut: 'its connection to the coordinator breaks',
  mute: 'that connection stays open, but carries nothing for 2 to 6 s',
  delay: 'that connection takes 0.2 s longer, for 2 to 6 s',
  'half-open': 'the coordinator sees that connection break, the worker does not',
  unplug: 'its network cable is out for 2 to 6 s',
  partition: 'it reaches the coordinator and no other worker for 2 to 6 s',
} as const;
export type FaultKind = keyof typeof faults;
export const faultKinds = Object.keys(faults) as FaultKind[];

/**
 * `wireKinds`: the faults that need a connection through this process. `cableKinds`: the faults that need machines with
 * cables of their own.
 */
export const wireKinds: readonly FaultKind[] = ['cut', 'mute', 'delay', 'half-open'];
export const cableKinds: readonly FaultKind[] = ['unplug', 'partition'];

export interface Fault {
  readonly kind: FaultKind;
  /** Seconds of training before the fault. */
  readonly atS: number;
  /** Index of the worker. */
  readonly worker: number;
  /** Seconds that the fault lasts, if it is of a kind that lasts. */
  readonly lastsS: number;
}

/** An endless list of faults. The time between two of them is 0.5 to 1.5 times `everyS`, and `everyS` on average. */
export function* scheduleFaults(
  seed: number,
  kinds: readonly FaultKind[],
  everyS: number,
  workers: number,
): Generator<Fault, never> {
  let atS = 0;
  for (let k = 0; ; k++) {
    const [when, which, whom, long] = statelessUniform([seed, k], 4);
    atS += everyS * (0.5 + when);
    yield {
      kind: kinds[Math.floor(which * kinds.length)],
      atS,
      worker: Math.floor(whom * workers),
      lastsS: 2 + 4 * long,
    };
  }
}
