/** Inflicts the faults of a schedule on a run while it trains, and records them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { scheduleFaults, type Fault, type FaultKind } from './fault-schedule.ts';
import { lastStep, metricsBytes } from './run-record.ts';
import { TrainingClock } from './training-clock.ts';

export interface FaultInjectorOptions {
  readonly out: string;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  /** Seconds of training between faults of workers; 0 for none. */
  readonly everyS: number;
  readonly workers: number;
  /** Seconds of training between kills of the coordinator; 0 for none. */
  readonly coordinatorEveryS: number;
}

export interface InflictedFault {
  readonly kind: FaultKind | 'kill-coordinator';
  readonly worker: string | undefined;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly step: number;
  /** Milliseconds until the next step was committed; only for a kill of the coordinator. */
  readonly recoveredMs?: number;
}

/** Inflicts each fault when the run has trained for the fault's time. Pauses between two segments do not count. */
export class FaultInjector {
  readonly done: InflictedFault[] = [];
  readonly #options: FaultInjectorOptions;
  readonly #faults: Generator<Fault, never>;
  #next: Fault | undefined;
  #coordinatorKills = 0;
  readonly #clock: TrainingClock;

  constructor(options: FaultInjectorOptions) {
    this.#options = options;
    this.#clock = new TrainingClock(options.out);
    this.#faults = scheduleFaults(options.seed, options.kinds, options.everyS, options.workers);
  }

  /**
   * Inflicts faults until the signal ends the segment.
   * @param secondsPerStep how long a step takes without faults
   */
  async during(cluster: Cluster, signal: AbortSignal, secondsPerStep: number): Promise<void> {
    this.#clock.resume(secondsPerStep);
    const comes = async (atS: number): Promise<boolean> => {
      while (this.#clock.read() < atS) if (!(await passes(0.02, signal))) return false;
      return !signal.aborted;
    };
    await Promise.all([this.#injectIntoWorkers(cluster, comes), this.#killCoordinator(cluster, comes, signal)]);
  }

  async #injectIntoWorkers(cluster: Cluster, comes: (atS: number) => Promise<boolean>): Promise<void> {
    const { kinds, everyS, out } = this.#options;
    if (kinds.length === 0 || everyS === 0) return;
    for (;;) {
      const fault = (this.#next ??= this.#faults.next().value);
      if (!(await comes(fault.atS))) return;
      this.#next = undefined;
      this.done.push({ kind: fault.kind, worker: cluster.nameOf(fault.worker), atMs: Date.now(), step: lastStep(out) });
      void inflict(cluster, fault);
    }
  }

  async #killCoordinator(
    cluster: Cluster,
    comes: (atS: number) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    const { coordinatorEveryS, out } = this.#options;
    while (coordinatorEveryS > 0 && (await comes((this.#coordinatorKills + 1) * coordinatorEveryS))) {
      this.#coordinatorKills += 1;
      const fault = { kind: 'kill-coordinator', worker: undefined, atMs: Date.now(), step: lastStep(out) } as const;
      cluster.killCoordinator();
      const hasRecovered = await hasGrown(out, signal);
      this.done.push(hasRecovered ? { ...fault, recoveredMs: Date.now() - fault.atMs } : fault);
    }
  }
}

/**
 * Inflicts one fault. Resolves when the fault is over: after its time if it is of a kind that lasts, otherwise at once.
 */
async function inflict(cluster: Cluster, { kind, worker, lastsS }: Fault): Promise<void> {
  const { wire, cable } = cluster.connectionOf(worker);
  const lasting = async (set: (isOn: boolean) => unknown): Promise<void> => {
    await set(true);
    await delay(1000 * lastsS);
    await set(false);
  };
  switch (kind) {
    case 'kill':
      return cluster.signalWorker(worker, 'SIGKILL');
    case 'leave':
      return cluster.signalWorker(worker, 'SIGTERM');
    case 'away':
      return lasting((isAway) => cluster.setAway(worker, isAway));
    case 'hang':
      return lasting((isHanging) => cluster.signalWorker(worker, isHanging ? 'SIGSTOP' : 'SIGCONT'));
    case 'cut':
      return wire?.cut();
    case 'half-open':
      return wire?.halve();
    case 'mute':
      return lasting((isMute) => wire?.mute(isMute));
    case 'delay':
      return lasting((isSlow) => wire?.delay(isSlow ? 200 : 0));
    case 'unplug':
      return lasting((isOut) => cable?.plug(!isOut));
    case 'partition':
      return lasting((isApart) => cable?.part(isApart));
  }
}

/**
 * Resolves to true when the next step is committed, and to false if the run ends before that step. A coordinator that
 * was started again first cuts metrics.jsonl back to the durable step. After that, the file grows.
 */
async function hasGrown(out: string, signal: AbortSignal): Promise<boolean> {
  for (let before = Infinity; ;) {
    const bytes = metricsBytes(out);
    if (bytes > before) return true;
    before = bytes;
    if (!(await passes(0.02, signal))) return false;
  }
}

/** Waits some seconds. Resolves to false if the signal comes first. */
async function passes(seconds: number, signal: AbortSignal): Promise<boolean> {
  await delay(1000 * seconds, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
