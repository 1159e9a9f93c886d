/** A run of a cluster that is trained in segments: each segment resumes where the previous one ended. */
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultCacheDir } from '@lstm-gan/engine';
import type { Network } from '../network/network-namespaces.ts';
import { Cluster } from './cluster.ts';
import { checkpointSha256, lastStep } from './run-record.ts';

export interface TrainedRunOptions {
  /** The run's folder. */
  readonly out: string;
  /** Options of `lstm-gan coordinator`: what is trained. */
  readonly what: readonly string[];
  /** Options of `lstm-gan coordinator`: how it is trained. */
  readonly how: readonly string[];
  readonly workers: number;
  readonly isWired: boolean;
  readonly network: Network | undefined;
}

/** What is known about one segment of a run after it was trained. */
export interface Segment {
  /** Committed steps of the whole run at the end of the segment. */
  readonly steps: number;
  /** Seconds since the segment's first committed step. */
  readonly seconds: number;
  /** Hash of the last checkpoint's file: both networks' weights and moments, the averages, the step. */
  readonly checkpointSha256: string;
}

export class TrainedRun {
  readonly segments: Segment[] = [];
  readonly #options: TrainedRunOptions;

  constructor(options: TrainedRunOptions) {
    this.#options = options;
  }

  /** Trains until `steps` steps of the run are committed, or the cluster is stopped. */
  async train(steps: number, during: (cluster: Cluster, signal: AbortSignal) => Promise<void>): Promise<Segment> {
    const { out, what, how } = this.#options;
    const before = lastStep(out);
    const whence = before === 0 ? [...what, '--out', out] : ['--resume', out];
    const cluster = await Cluster.start({
      ...this.#options,
      cacheDir: defaultCacheDir(process.env, os.homedir()),
      parameters: [...whence, ...how, '--steps', String(steps)],
    });
    try {
      const over = new AbortController();
      const ended = cluster.ended.finally(() => over.abort());
      while (lastStep(out) === before) await Promise.race([delay(20), ended]);
      const startMs = performance.now();
      const show = showProgress(out, startMs);
      const injecting = during(cluster, over.signal);
      const { step } = await ended.finally(() => clearInterval(show));
      const seconds = (performance.now() - startMs) / 1000;
      if (process.stderr.isTTY) process.stderr.write('\n');
      await injecting;
      const segment = { steps: step, seconds, checkpointSha256: await checkpointSha256(out) };
      this.segments.push(segment);
      return segment;
    } finally {
      await cluster.close();
    }
  }
}

function showProgress(out: string, startMs: number): NodeJS.Timeout {
  const [before, after, everyMs] = process.stderr.isTTY ? ['\r', ' ', 1000] : ['', '\n', 20_000];
  return setInterval(() => {
    process.stderr.write(
      `${before}${path.basename(out)}: step ${lastStep(out)}, ${Math.round((performance.now() - startMs) / 1000)} s${after}`,
    );
  }, everyMs);
}
