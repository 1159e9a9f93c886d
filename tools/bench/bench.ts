/** `npm run bench`: measures lstm-gan and its alternatives on this machine. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { presets, type Preset } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { defaultCacheDir, openEngine } from '@lstm-gan/engine';
import { requireBuild } from '../built-command.ts';
import { drawResults } from './report/draw-results.ts';
import { benchExchange } from './exchange/bench-exchange.ts';
import { benchLeases } from './training/bench-leases.ts';
import { benchMemory } from './training/bench-memory.ts';
import { benchNetwork } from './exchange/bench-network.ts';
import type { Report } from './report/report.ts';
import { benchScaling } from './training/bench-scaling.ts';
import { benchStartup } from './training/bench-startup.ts';
import { benchStep } from './step/bench-step.ts';

const usage = `npm run bench -- [step | scaling | leases | startup | memory | exchange | network | draw] [options]

step (the default): one iteration of lstm-gan, of stock tfjs layers (where they have the model), and, with --peer-python, of PyTorch
  --preset NAME  the model, its loss, penalty and augmentation (rows-large, as in all other benchmarks)
  --batch N      images an iteration (16)
  --threads N    threads of each process (2)
  --operations   also times each kind of operation by itself, and tells how far it is from a matrix product's speed

scaling: two workers on a core each, compared with one process on one core and with PyTorch's DistributedDataParallel
  --batch N      images per worker (16)

leases: the cost of leases, tree and checks: a coordinator and one worker, compared with a plain loop with the same sum and Adam
  --preset NAME  the model (rows-large)
  --batch N      images an iteration, in four shards (16)
  --threads N    threads (2)

startup: the time from a worker's start to its first contribution, with its graphs in the cache

memory: resident memory of coordinator and worker, step after step
  --steps N      number of steps (3000)

exchange: a step with real coordinator, workers and links, with units that compute nothing; and PyTorch's all-reduce over gloo
  --workers LIST numbers of workers (1,2)

network: star and sliced, coordinator and four workers on cables of 1 Gbit/s each (needs the right to make network namespaces)

draw: draws the results in a folder again

  --rounds N     timed rounds, at least 9 (9); each round measures everything in turn
  --try          one round, to check that the benchmark works; its numbers are not a measurement
  --peer-python PYTHON
                 a Python that has PyTorch: measures PyTorch too
  --out FOLDER   writes the results there as JSON, and draws all results in the folder
  --json         one line of JSON instead of a table

The model is the preset rows-large: generator 5,850,947 parameters, discriminator 675,265, 64x64 RGB. One iteration is a
discriminator phase on real and fake images, Adam, a generator phase, Adam. docs/benchmarks.md explains each benchmark.
`;

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n\n${usage}`);
  process.exit(2);
}

function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least
    ? value
    : refuse(`Expected a whole number from ${least}, got ${text}.`);
}

function presetOf(name: string): Preset {
  return presets.get(name) ?? refuse(`There is no preset ${name}; there are ${[...presets.keys()].join(', ')}.`);
}

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        batch: { type: 'string', default: '16' },
        rounds: { type: 'string', default: '9' },
        steps: { type: 'string', default: '3000' },
        threads: { type: 'string', default: '2' },
        preset: { type: 'string', default: 'rows-large' },
        workers: { type: 'string', default: '1,2' },
        'peer-python': { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
        operations: { type: 'boolean' },
        try: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

type Values = ReturnType<typeof readOptions>['values'];

interface Result {
  readonly machine: string;
  readonly report: Report;
}

/** Benchmarks that start processes of the built command line. */
const needBuild: readonly string[] = ['scaling', 'leases', 'startup', 'memory'];

async function measure(name: string, values: Values): Promise<Result> {
  if (needBuild.includes(name)) requireBuild();
  const cacheDir = defaultCacheDir(process.env, os.homedir());
  const engine = await openEngine('graph', { cacheDir, threads: 2, device: 'cpu' });
  const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores, Node ${process.versions.node}, TensorFlow ${engine.describe().tensorflow}`;
  const report = await reportOf(name, values, {
    preset: presets.get('rows-large') as Preset,
    cacheDir,
    arithmetic: engine.arithmetic,
  });
  await engine.close();
  return { machine, report };
}

async function reportOf(
  name: string,
  values: Values,
  { preset, cacheDir, arithmetic }: Pick<Parameters<typeof benchScaling>[0], 'preset' | 'cacheDir' | 'arithmetic'>,
): Promise<Report> {
  const rounds = values.try === true ? 1 : wholeNumber(values.rounds, 9);
  const batch = wholeNumber(values.batch, 1);
  const peerPython = values['peer-python'];
  switch (name) {
    case 'step':
      return benchStep({
        preset: presetOf(values.preset),
        cacheDir,
        rounds,
        batch,
        threads: wholeNumber(values.threads, 1),
        peerPython,
        operations: values.operations === true,
      });
    case 'scaling':
      return benchScaling({ preset, cacheDir, arithmetic, rounds, batch, peerPython });
    case 'leases':
      return benchLeases({
        preset: presetOf(values.preset),
        cacheDir,
        arithmetic,
        rounds,
        batch,
        threads: wholeNumber(values.threads, 1),
      });
    case 'startup':
      return benchStartup({ preset, cacheDir, arithmetic, rounds, batch, peerPython });
    case 'memory':
      return benchMemory({ cacheDir, steps: wholeNumber(values.steps, 100) });
    case 'exchange':
      return benchExchange({
        preset,
        rounds,
        arithmetic,
        peerPython,
        workers: values.workers.split(',').map((count) => wholeNumber(count, 1)),
      });
    case 'network':
      return benchNetwork({ rounds });
    default:
      return refuse(`There is no benchmark ${name}.`);
  }
}

/** Results with other options do not replace each other. */
function fileOf(name: string, { batch, preset }: Values): string {
  if (name === 'scaling') return `scaling-${batch}`;
  return name === 'step' && preset !== 'rows-large' ? `step-${preset}` : name;
}

const { values, positionals } = readOptions();
if (values.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
if (values.try === true && values.out !== undefined)
  refuse('The numbers of --try are not a measurement and are not kept: leave out --out.');
const [name = 'step'] = positionals;
try {
  if (name !== 'draw') {
    const { machine, report } = await measure(name, values);
    const json = JSON.stringify({ benchmark: name, machine, ...report.data });
    process.stdout.write(values.json === true ? `${json}\n` : `${[machine, ...report.lines].join('\n')}\n`);
    if (values.out !== undefined) {
      await mkdir(values.out, { recursive: true });
      await writeFile(path.join(values.out, `${fileOf(name, values)}.json`), `${json}\n`);
    }
  }
  if (values.out !== undefined) await drawResults(values.out);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n${error.advice}\n`);
  process.exitCode = 2;
}
