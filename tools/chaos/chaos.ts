/**
 * `npm run chaos`: trains without faults, then trains the same steps again while workers and the coordinator are
 * killed, stopped and disconnected. All of them are real processes over encrypted TCP. Compares the states at the end,
 * and the times.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '@lstm-gan/core/errors';
import { requireBuild } from '../built-command.ts';
import { createNetwork, type Network } from '../network/network-namespaces.ts';
import { readOptions, refuse, type ChaosOptions } from './chaos-options.ts';
import { isSame, linesOf, type ChaosResult, type HarmedResult, type RunResult } from './chaos-report.ts';
import type { Cluster } from './cluster.ts';
import { cableKinds, wireKinds, type FaultKind } from './fault-schedule.ts';
import { FaultInjector, type InflictedFault } from './fault-injector.ts';
import { goneAtMs, readSteps } from './run-record.ts';
import { TrainedRun } from './trained-run.ts';

const options = readOptions();

/** Makes cables if they are wanted. If this machine allows none, leaves out the faults that need them. */
async function layCables({
  rate,
  workers,
  kinds,
  schedules,
}: ChaosOptions): Promise<{ network: Network | undefined; kinds: readonly FaultKind[] }> {
  const network = rate === undefined ? undefined : await createNetwork({ machines: workers, rate });
  if (rate === undefined || network !== undefined) return { network, kinds };
  const possible = kinds.filter((kind) => !cableKinds.includes(kind));
  const isNothingLeft = possible.length === 0 && schedules.every(({ coordinatorEveryS }) => coordinatorEveryS === 0);
  process.stderr.write(
    `This machine allows no network namespaces: ${isNothingLeft ? 'skipped' : `the faults that need them (${cableKinds.join(', ')}) are left out`}.\n`,
  );
  if (isNothingLeft) process.exit(3);
  return { network, kinds: possible };
}

const { network, kinds } = await layCables(options);
const what = options.what.join(' ');
const how = [
  `--workers ${options.workers}`,
  ...options.how,
  ...(network === undefined ? [] : [`--rate ${options.rate}`]),
  `on ${os.availableParallelism()} cores, ${os.cpus()[0]?.model ?? 'unknown'}`,
].join(' ');

function runIn(out: string): TrainedRun {
  const isWired = network === undefined && kinds.some((kind) => wireKinds.includes(kind));
  return new TrainedRun({ out, what: options.what, how: options.how, workers: options.workers, isWired, network });
}

async function stopAfter(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await delay((60_000 * options.minutes) / options.segments, undefined, { signal }).catch(() => undefined);
  cluster.stop();
}

/** Reads the run without faults of an earlier call, so that many runs with faults can be compared with it. */
async function readQuiet(file: string): Promise<RunResult> {
  const text = await readFile(file, 'utf8').catch((error: Error) => refuse(error.message));
  const { quiet } = JSON.parse(text) as ChaosResult;
  return quiet.what === what
    ? quiet
    : refuse(
        `The run in ${file} trained ${quiet.what || 'the default'}; this one would train ${what || 'the default'}.`,
      );
}

/** The faults after which the coordinator always loses the worker, and at once. A worker that leaves is not lost. */
const losing: readonly (FaultKind | 'kill-coordinator')[] = ['kill', 'hang', 'cut', 'mute', 'half-open', 'unplug'];

function noticedMs(out: string, harm: readonly InflictedFault[]): number[] {
  return harm.flatMap(({ kind, worker, atMs }) => {
    const goneMs = worker === undefined || !losing.includes(kind) ? undefined : goneAtMs(out, worker, atMs);
    return goneMs === undefined ? [] : [goneMs - atMs];
  });
}

/** A run with faults by a schedule of its own. */
function createHarmed(folder: string, { everyS, coordinatorEveryS }: ChaosOptions['schedules'][number], index: number) {
  const out = path.join(folder, `chaos-${index + 1}`);
  const { seed, workers } = options;
  const injector = new FaultInjector({ out, seed, kinds, everyS, workers, coordinatorEveryS });
  const run = runIn(out);
  return {
    train: (steps: number, secondsPerStep: number) =>
      run.train(steps, (cluster, signal) => injector.during(cluster, signal, secondsPerStep)),
    result(): HarmedResult {
      const steps = readSteps(out);
      return {
        what,
        how,
        segments: run.segments,
        harm: injector.done,
        schedule: `--kinds ${kinds.join(',')} --kill-every ${everyS} --kill-coordinator-every ${coordinatorEveryS} --seed ${seed}`,
        isEveryStepOnce: steps.length === run.segments.at(-1)?.steps && steps.every((step, k) => step === k + 1),
        noticedMs: noticedMs(out, injector.done),
        recoveredMs: injector.done.flatMap(({ recoveredMs }) => recoveredMs ?? []),
      };
    },
  };
}

/** Trains each segment without faults, and then with each schedule of faults. */
async function compare(folder: string): Promise<ChaosResult> {
  const known = options.quiet === undefined ? undefined : await readQuiet(options.quiet);
  const peace = runIn(path.join(folder, 'quiet'));
  const harmed = options.schedules.map((schedule, index) => createHarmed(folder, schedule, index));
  const result = (): ChaosResult => ({
    command: `npm run chaos -- ${process.argv.slice(2).join(' ')}`,
    quiet: known ?? { what, how, segments: peace.segments },
    harmed: harmed.map((run) => run.result()),
  });
  for (let segment = 0; segment < (known?.segments.length ?? options.segments); segment++) {
    if (known === undefined) await peace.train(100_000_000, stopAfter);
    const segments = (known ?? peace).segments.slice(0, segment + 1);
    const steps = segments[segment].steps;
    const secondsPerStep = segments.reduce((sum, { seconds }) => sum + seconds, 0) / steps;
    for (const run of harmed) await run.train(steps, secondsPerStep);
    await keep(result());
  }
  return result();
}

/** Writes the result after every segment, so that an interrupted call has one too. */
async function keep(result: ChaosResult): Promise<void> {
  if (options.out === undefined) return;
  await mkdir(path.dirname(options.out), { recursive: true });
  await writeFile(options.out, `${JSON.stringify(result)}\n`);
}

/** Ends at once; coordinator and workers end with this process. */
async function interrupt(): Promise<never> {
  await network?.remove();
  return process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupt());

const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-chaos-'));
try {
  requireBuild();
  const result = await compare(folder);
  process.stdout.write(`${linesOf(result).join('\n')}\n`);
  await rm(folder, { recursive: true });
  process.exitCode = isSame(result) ? 0 : 1;
} catch (error) {
  const advice = error instanceof UserError ? `\n${error.advice}` : '';
  process.stderr.write(`\n${(error as Error).message}${advice}\nIts folders are in ${folder}.\n`);
  process.exitCode = 1;
} finally {
  await network?.remove();
}
