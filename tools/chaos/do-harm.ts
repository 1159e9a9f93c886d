/** Carries faults out on a cluster while its run trains, and keeps what was done. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { scheduleFaults, type Fault, type FaultKind } from './fault-schedule.ts';
import { lastStep, metricsBytes } from './run-record.ts';

export interface HarmOptions {
  readonly out: string;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly everyS: number;
  readonly workers: number;
  /** 0 for never. */
  readonly coordinatorEveryS: number;
  readonly signal: AbortSignal;
}

export interface Harm {
  readonly kind: FaultKind | 'kill-coordinator';
  readonly worker: string | undefined;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly step: number;
  /** Of the coordinator: until the next step was committed. */
  readonly recoveredMs?: number;
}

export async function doHarm(cluster: Cluster, options: HarmOptions): Promise<Harm[]> {
  const done: Harm[] = [];
  await Promise.all([harmWorkers(cluster, options, done), killCoordinator(cluster, options, done)]);
  return done;
}

async function harmWorkers(cluster: Cluster, { out, seed, kinds, everyS, workers, signal }: HarmOptions, done: Harm[]): Promise<void> {
  for (const fault of scheduleFaults(seed, kinds, everyS, workers)) {
    if (!(await passes(fault.afterS, signal))) return;
    done.push({ kind: fault.kind, worker: cluster.nameOf(fault.worker), atMs: Date.now(), step: lastStep(out) });
    void inflict(cluster, fault);
  }
}

async function inflict(cluster: Cluster, { kind, worker, lastsS }: Fault): Promise<void> {
  switch (kind) {
    case 'kill':
      return cluster.signalWorker(worker, 'SIGKILL');
    case 'leave':
      return cluster.signalWorker(worker, 'SIGTERM');
    case 'cut':
      return cluster.wireOf(worker)?.cut();
    case 'hang':
      cluster.signalWorker(worker, 'SIGSTOP');
      await delay(1000 * lastsS);
      return cluster.signalWorker(worker, 'SIGCONT');
    case 'mute':
      cluster.wireOf(worker)?.mute(true);
      await delay(1000 * lastsS);
      return cluster.wireOf(worker)?.mute(false);
  }
}

async function killCoordinator(cluster: Cluster, { out, coordinatorEveryS, signal }: HarmOptions, done: Harm[]): Promise<void> {
  while (coordinatorEveryS > 0 && (await passes(coordinatorEveryS, signal))) {
    const [atMs, step] = [Date.now(), lastStep(out)];
    cluster.killCoordinator();
    if (!(await hasGrown(out, signal))) return;
    done.push({ kind: 'kill-coordinator', worker: undefined, atMs, step, recoveredMs: Date.now() - atMs });
  }
}

/** Resolves when the next step is committed: metrics are cut to the durable step first, and then grow. False where the run ends before. */
async function hasGrown(out: string, signal: AbortSignal): Promise<boolean> {
  for (let before = Infinity; ; ) {
    const bytes = metricsBytes(out);
    if (bytes > before) return true;
    before = bytes;
    if (!(await passes(0.02, signal))) return false;
  }
}

/** Whether some seconds pass without an end. */
async function passes(seconds: number, signal: AbortSignal): Promise<boolean> {
  await delay(1000 * seconds, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
