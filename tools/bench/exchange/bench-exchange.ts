/**
 * The cost of a step without computing: real coordinator, real worker processes, real links, the weights of rows-large
 * (26 MB in both directions), and units that compute nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { startCoordinator } from '@lstm-gan/coordinator';
import { createLayouts, type Preset } from '@lstm-gan/core';
import type { SumTree } from '@lstm-gan/core/fold';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { createLog, createRunConfig, createTrainingState, median, type StepMetrics } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair, writeKeyFile, type CoordinatorLink } from '@lstm-gan/transport';
import { createBlankReader } from '../create-blank-reader.ts';
import { heading, row, spreadOf, type Report } from '../report/report.ts';
import { startGloo, type TorchProcess } from '../baselines/torch-process.ts';

export interface ExchangeBenchOptions {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
  /** Timed rounds; in each, every case runs some steps. */
  readonly rounds: number;
  readonly workers: readonly number[];
  /** A Python with PyTorch, whose all-reduce is measured for comparison. */
  readonly peerPython: string | undefined;
}

/** How workers are connected: a socket in the file system, or encrypted TCP. */
type Transport = 'ipc' | 'curve';

interface Case {
  readonly workers: number;
  readonly transport: Transport;
  readonly flowCount: number;
  /**
   * Whether the sum of gradients takes the place of the new weights, as in an all-reduce: without Adam and averages.
   */
  readonly isSumOnly: boolean;
}

const transportNames: Readonly<Record<Transport, string>> = { ipc: 'local socket', curve: 'TCP, encrypted' };

interface Measured extends Case {
  readonly name: string;
  /** Milliseconds of a step in each round. */
  readonly times: number[];
  /** Milliseconds of fold and Adam in each round, which are part of the step. */
  readonly updates: number[];
}

/** Cases take turns, so that a change of the machine's speed affects all of them. */
export async function benchExchange(options: ExchangeBenchOptions): Promise<Report> {
  const { preset, arithmetic, rounds, workers, peerPython } = options;
  const { generator, discriminator } = createLayouts(preset.model);
  const numbers = generator.size + discriminator.size;
  const cases = casesOf(workers);
  const glooGroups = await startGlooGroups(options, numbers);
  for (let round = 0; round < rounds; round++) {
    for (const { times, updates, ...one } of cases) {
      const measured = await measureExchange({
        ...one,
        preset,
        arithmetic: one.isSumOnly ? onlySums(arithmetic) : arithmetic,
      });
      times.push(median(measured.map(({ stepMs }) => stepMs)));
      updates.push(median(measured.map(({ updateMs }) => updateMs)));
      process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
    for (const { gloo, times } of glooGroups) times.push(await medianOf(gloo));
  }
  process.stderr.write('\n');
  await Promise.all(glooGroups.map(({ gloo }) => gloo.close()));
  return {
    lines: [
      `A step of rows-large whose units compute nothing: weights out (${((4 * numbers) / 1e6).toFixed(1)} MB a worker), contributions back, sum, Adam; ${rounds} rounds, milliseconds`,
      '',
      heading('update'),
      ...cases.map(({ name, times, updates }) => row(name, times, median(updates).toFixed(1))),
      ...glooGroups.map(({ gloo, times }) => row(gloo.name, times, '')),
      ...(peerPython === undefined ? ['', 'For a comparison with gloo, give --peer-python PYTHON.'] : []),
    ],
    data: {
      rounds,
      cases: cases.map(({ name: _, times, updates, ...one }) => ({ ...one, stepMs: times, updateMs: updates })),
      rows: [
        ...cases.map(({ name, times }) => spreadOf(name, times)),
        ...glooGroups.map(({ gloo, times }) => spreadOf(gloo.name, times)),
      ],
    },
  };
}

/**
 * Returns the cases to measure. Sums without Adam are measured only with several workers and only over local sockets,
 * which are as fast as gloo's connections.
 */
function casesOf(workers: readonly number[]): Measured[] {
  return workers
    .flatMap((count): Case[] => [
      { workers: count, transport: 'ipc', flowCount: 1, isSumOnly: false },
      { workers: count, transport: 'curve', flowCount: 1, isSumOnly: false },
      ...(count === 1 ? [{ workers: count, transport: 'curve', flowCount: 4, isSumOnly: false } as const] : []),
      ...(count > 1 ? [{ workers: count, transport: 'ipc', flowCount: 1, isSumOnly: true } as const] : []),
    ])
    .map((one) => ({ ...one, name: nameOf(one), times: [], updates: [] }));
}

function nameOf({ workers, transport, flowCount, isSumOnly }: Case): string {
  return `${workers} worker${workers === 1 ? '' : 's'}, ${transportNames[transport]}${flowCount > 1 ? `, ${flowCount} flows` : ''}${isSumOnly ? ', sums alone' : ''}`;
}

function onlySums(arithmetic: VectorArithmetic): VectorArithmetic {
  const partOf = (tree: SumTree, start: number, end: number): SumTree =>
    tree instanceof Float32Array
      ? tree.subarray(start, end)
      : [partOf(tree[0], start, end), partOf(tree[1], start, end)];
  return {
    ...arithmetic,
    adam: ({ gradientSum, newWeights }, [start, end]) =>
      arithmetic.evaluateSum(partOf(gradientSum, start, end), newWeights.subarray(start, end)),
    ema: () => new Float32Array(0),
  };
}

async function startGlooGroups(
  { peerPython: python, workers }: ExchangeBenchOptions,
  numbers: number,
): Promise<{ gloo: TorchProcess; times: number[] }[]> {
  const groups =
    python === undefined
      ? []
      : workers.filter((count) => count > 1).map((processes) => startGloo({ python, processes, numbers }));
  return (await Promise.all(groups)).map((gloo) => ({ gloo, times: [] }));
}

async function medianOf(gloo: TorchProcess): Promise<number> {
  const times: number[] = [];
  for (let k = 0; k < steps; k++) times.push(await gloo.step());
  return median(times);
}

interface ExchangeOptions extends Case {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
}

const warmUpSteps = 5;
const steps = 10;
const shardSize = 16;

/** Resolves to the metrics of the timed steps. A step is a full exchange for both networks. */
async function measureExchange({
  preset,
  workers,
  transport,
  flowCount,
  arithmetic,
}: ExchangeOptions): Promise<StepMetrics[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-exchange-'));
  const config = createRunConfig(preset, { batchSize: shardSize * workers, shardSize });
  const { link, keyFile } = await openLink(transport, folder, arithmetic);
  const children = Array.from({ length: workers }, (_, index) =>
    startExchangeOnlyWorker([link.address, `worker-${index + 1}`, String(flowCount), ...keyFile]),
  );
  const measured: StepMetrics[] = [];
  const gone = new AbortController();
  let said = '';
  for (const child of children) {
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    child.once('exit', () => gone.abort());
  }
  await startCoordinator({
    config,
    link,
    arithmetic,
    run: 'bench',
    incarnation: 1,
    steps: warmUpSteps + steps,
    initial: createTrainingState(config),
    readShards: createBlankReader(config),
    log: createLog('/dev/null'),
    now: () => performance.now(),
    signal: gone.signal,
    onCommit(metrics) {
      if (metrics.step > warmUpSteps) measured.push(metrics);
      return false;
    },
  });
  await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  await rm(folder, { recursive: true });
  if (measured.length < steps) throw new Error(`A worker ended too early:\n${said}`);
  return measured;
}

async function openLink(
  transport: Transport,
  folder: string,
  memory: VectorArithmetic,
): Promise<{ link: CoordinatorLink; keyFile: string[] }> {
  const keys = createKeyPair();
  if (transport === 'ipc') {
    return {
      link: await createCoordinatorLink({ bind: `ipc://${folder}/socket`, keys, isAuthorized: () => false, memory }),
      keyFile: [],
    };
  }
  const worker = createKeyPair();
  const keyFile = path.join(folder, 'worker.key');
  await writeKeyFile(keyFile, { ...worker, serverKey: keys.publicKey });
  return {
    link: await createCoordinatorLink({ keys, isAuthorized: (key) => key === worker.publicKey, memory }),
    keyFile: [keyFile],
  };
}

function startExchangeOnlyWorker(parameters: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL('exchange-only-worker.ts', import.meta.url));
  return spawn(process.execPath, [...process.execArgv, script, ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
}
