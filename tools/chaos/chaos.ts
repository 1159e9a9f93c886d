/**
 * `npm run chaos`: trains in peace, then the same steps again while workers and the coordinator are killed, stopped and cut
 * off, all as real processes over encrypted TCP; and compares the weights and the time.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { UserError } from '@lstm-gan/core';
import { defaultCacheDir } from '@lstm-gan/engine';
import { requireBuild } from '../built-command.ts';
import { Cluster } from './cluster.ts';
import { doHarm, type Harm } from './do-harm.ts';
import { faultKinds, type FaultKind } from './fault-schedule.ts';
import { goneAtMs, lastStep, readSteps } from './run-record.ts';
import { linesOf, type ChaosResult, type QuietRun } from './chaos-report.ts';

const usage = `npm run chaos -- [options]

  --minutes M                  train in peace for so long, then as many steps again in chaos (2)
  --quiet FILE                 the result of another run of chaos (its --out): its quiet run is compared with, instead of one made now
  --kill-every S               seconds between faults of workers, on average (5); 0 for none
  --kill-coordinator-every T   seconds between kills of the coordinator; 0 for none (0)
  --kinds LIST                 faults of workers, of ${faultKinds.join(', ')} (kill)
                               hang: stopped for 2 to 6 s; cut: its line to the coordinator breaks; mute: that line carries nothing for 2 to 6 s
  --workers N                  worker processes (2); whoever is gone is replaced at once
  --exchange KIND              star or sliced (star)
  --preset NAME, --config FILE what is trained, as in lstm-gan train (digits)
  --checkpoint-every S         seconds (10)
  --seed N                     of the faults (1)
  --out FILE                   keeps the result as JSON
  --help

Ends with exit code 1 where the weights are not the same, or a step is missing or written twice.
`;

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n\n${usage}`);
  process.exit(2);
}

function number(text: string, least: number): number {
  const value = Number(text);
  return text.trim() !== '' && value >= least ? value : refuse(`Expected a number from ${least}, got ${text}.`);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        minutes: { type: 'string', default: '2' },
        quiet: { type: 'string' },
        'kill-every': { type: 'string', default: '5' },
        'kill-coordinator-every': { type: 'string', default: '0' },
        kinds: { type: 'string', default: 'kill' },
        workers: { type: 'string', default: '2' },
        exchange: { type: 'string', default: 'star' },
        preset: { type: 'string' },
        config: { type: 'string' },
        'checkpoint-every': { type: 'string', default: '10' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function readKinds(text: string): FaultKind[] {
  const known = (kind: string): kind is FaultKind => (faultKinds as readonly string[]).includes(kind);
  return text.split(',').map((kind) => (known(kind) ? kind : refuse(`There is no fault ${kind}; there are ${faultKinds.join(', ')}.`)));
}

const options = readOptions();
if (options.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const kinds = readKinds(options.kinds);
const workers = number(options.workers, 1);
const everyS = number(options['kill-every'], 0);
const coordinatorEveryS = number(options['kill-coordinator-every'], 0);
const minutes = number(options.minutes, 0.1);
const seed = number(options.seed, 0);
const what = [...(options.preset === undefined ? [] : ['--preset', options.preset]), ...(options.config === undefined ? [] : ['--config', options.config])];
const parameters = [...what, '--exchange', options.exchange, '--checkpoint-every', options['checkpoint-every']];
const machine = `${os.availableParallelism()} cores, ${os.cpus()[0]?.model ?? 'unknown'}`;
/** What a quiet run can be compared by. */
const trained = [`--workers ${workers}`, ...parameters, `on ${machine}`].join(' ');

/** Runs a cluster to its end, and measures from the first committed step on. */
async function train(out: string, steps: number, during: (cluster: Cluster, signal: AbortSignal) => Promise<Harm[]>) {
  const isWired = kinds.some((kind) => kind === 'cut' || kind === 'mute');
  const cluster = await Cluster.start({ out, workers, isWired, cacheDir: defaultCacheDir(process.env, os.homedir()), parameters: [...parameters, '--steps', String(steps)] });
  try {
    const over = new AbortController();
    const ended = cluster.ended.finally(() => over.abort());
    while (lastStep(out) === 0) await Promise.race([delay(20), ended]);
    const startMs = performance.now();
    const show = showProgress(out, startMs);
    const harming = during(cluster, over.signal);
    const { step, weightsSha256 } = await ended.finally(() => clearInterval(show));
    const seconds = (performance.now() - startMs) / 1000;
    if (process.stderr.isTTY) process.stderr.write('\n');
    return { step, weightsSha256, seconds, harm: await harming };
  } finally {
    await cluster.close();
  }
}

function showProgress(out: string, startMs: number): NodeJS.Timeout {
  const [before, after, everyMs] = process.stderr.isTTY ? ['\r', ' ', 1000] : ['', '\n', 20_000];
  return setInterval(() => {
    process.stderr.write(`${before}${path.basename(out)}: step ${lastStep(out)}, ${Math.round((performance.now() - startMs) / 1000)} s${after}`);
  }, everyMs);
}

async function stopAfter(cluster: Cluster, signal: AbortSignal): Promise<Harm[]> {
  await delay(60_000 * minutes, undefined, { signal }).catch(() => undefined);
  cluster.stop();
  return [];
}

/** Of another result where one is given: half an hour of peace then serves many hours of chaos. */
async function trainInPeace(folder: string): Promise<QuietRun> {
  if (options.quiet === undefined) {
    const { step, seconds, weightsSha256 } = await train(path.join(folder, 'quiet'), 100_000_000, stopAfter);
    return { trained, steps: step, seconds, weightsSha256 };
  }
  const text = await readFile(options.quiet, 'utf8').catch((error: Error) => refuse(error.message));
  const { quiet } = JSON.parse(text) as ChaosResult;
  return quiet.trained === trained ? quiet : refuse(`The quiet run of ${options.quiet} was of ${quiet.trained}; this one is of ${trained}.`);
}

async function compare(folder: string): Promise<ChaosResult> {
  const quiet = await trainInPeace(folder);
  const out = path.join(folder, 'chaos');
  const harmed = await train(out, quiet.steps, (cluster, signal) => doHarm(cluster, { out, seed, kinds: everyS > 0 ? kinds : [], everyS, workers, coordinatorEveryS, signal }));
  const steps = readSteps(out);
  const noticedMs = harmed.harm.flatMap(({ kind, worker, atMs }) => (worker === undefined || kind === 'leave' ? [] : [(goneAtMs(out, worker) ?? NaN) - atMs])).filter((ms) => ms >= 0);
  return {
    command: `npm run chaos -- ${process.argv.slice(2).join(' ')}`,
    quiet,
    chaos: { seconds: harmed.seconds, weightsSha256: harmed.weightsSha256 },
    isEveryStepOnce: steps.length === quiet.steps && steps.every((step, k) => step === k + 1),
    harm: harmed.harm,
    noticedMs,
    recoveredMs: harmed.harm.flatMap(({ recoveredMs }) => recoveredMs ?? []),
  };
}

const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-chaos-'));
try {
  requireBuild();
  const result = await compare(folder);
  process.stdout.write(`${linesOf(result).join('\n')}\n`);
  if (options.out !== undefined) {
    await mkdir(path.dirname(options.out), { recursive: true });
    await writeFile(options.out, `${JSON.stringify(result)}\n`);
  }
  await rm(folder, { recursive: true });
  process.exitCode = result.isEveryStepOnce && result.quiet.weightsSha256 === result.chaos.weightsSha256 ? 0 : 1;
} catch (error) {
  const advice = error instanceof UserError ? `\n${error.advice}` : '';
  process.stderr.write(`\n${(error as Error).message}${advice}\nIts folders are in ${folder}.\n`);
  process.exitCode = 1;
}
