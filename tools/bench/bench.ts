/** `npm run bench`: measures this machine, ours beside what one would use otherwise. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { presets, UserError, type Preset } from '@lstm-gan/core';
import { defaultCacheDir, openEngine } from '@lstm-gan/engine';
import { requireBuild } from '../built-command.ts';
import { drawResults } from './draw-results.ts';
import { benchExchange } from './exchange.ts';
import { benchLeases } from './leases.ts';
import { benchMemory } from './memory.ts';
import { benchNetwork } from './network.ts';
import type { Report } from './report.ts';
import { benchScaling } from './scaling.ts';
import { benchStartup } from './startup.ts';
import { benchStep } from './step.ts';

const usage = `npm run bench -- [step | scaling | leases | startup | memory | exchange | network | draw] [options]

step (what it is without a word): one iteration, ours, in stock tfjs layers, and in PyTorch where there is a Python for it
  --batch N      images an iteration (16)
  --threads N    threads for each (2)

scaling: two workers on a core each beside one process on one core, and PyTorch's DistributedDataParallel
  --batch N      images a worker (16)

leases: what leases, tree and checks cost: a coordinator and one worker beside a plain loop with the same sum and Adam
  --preset NAME  of which model (rows-large, as everywhere else)
  --batch N      images an iteration, in four shards (16)
  --threads N    threads (2)

startup: from a worker's start to its first contribution, its graphs being in the cache

memory: resident memory of coordinator and worker, step after step
  --steps N      how many (3000)

exchange: a step with real coordinator, workers and links, whose units compute nothing; and PyTorch's all-reduce over gloo
  --workers LIST how many workers (1,2)

network: star and sliced, coordinator and four workers on cables of 1 Gbit/s each (network namespaces: needs their rights)

draw: the pictures of the results in a folder

  --rounds N     rounds that count, at least 9 (9); in each of them everything is measured in turn
  --try          one round, to see that it works: what it prints is no measurement
  --peer-python PYTHON
                 a Python with PyTorch: measures it too
  --out FOLDER   keeps the results there as JSON, and pictures of all that is there
  --json         one line of JSON instead of a table

The model is the preset rows-large: generator 5,850,947 parameters, discriminator 675,265, 64x64 RGB. One iteration is a
discriminator step on real and fake images, Adam, a generator step, Adam. docs/benchmarks.md tells how each is measured.
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

/** What these measure starts the command line as its users have it. */
const ofBuild: readonly string[] = ['scaling', 'leases', 'startup', 'memory'];

async function measure(name: string, values: Values): Promise<Result> {
  if (ofBuild.includes(name)) requireBuild();
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
      return benchStep({ preset, cacheDir, rounds, batch, threads: wholeNumber(values.threads, 1), peerPython });
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

const { values, positionals } = readOptions();
if (values.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
if (values.try === true && values.out !== undefined)
  refuse('--try measures nothing that is worth keeping: leave --out away.');
const [name = 'step'] = positionals;
try {
  if (name !== 'draw') {
    const { machine, report } = await measure(name, values);
    const json = JSON.stringify({ benchmark: name, machine, ...report.data });
    process.stdout.write(values.json === true ? `${json}\n` : `${[machine, ...report.lines].join('\n')}\n`);
    if (values.out !== undefined) {
      await mkdir(values.out, { recursive: true });
      await writeFile(
        path.join(values.out, name === 'scaling' ? `scaling-${values.batch}.json` : `${name}.json`),
        `${json}\n`,
      );
    }
  }
  if (values.out !== undefined) await drawResults(values.out);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n${error.advice}\n`);
  process.exitCode = 2;
}
