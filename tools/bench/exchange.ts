/**
 * What a step costs beside computing: real coordinator, real worker processes, real links, the weights of rows-large (26 MB
 * in both directions), and units that compute nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { startCoordinator } from '@lstm-gan/coordinator';
import { createLayouts, type Preset, type SumTree, type VectorArithmetic } from '@lstm-gan/core';
import { createDataset, createShardReader } from '@lstm-gan/data';
import { createLog, createRunConfig, createTrainingState, median, type StepMetrics } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair, writeKeyFile, type CoordinatorLink } from '@lstm-gan/transport';
import { heading, row, spreadOf, type Report } from './report.ts';
import { startGloo, type TorchPeer } from './torch-peer.ts';

export interface ExchangeBenchOptions {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
  /** Rounds that count; in each, every case runs some steps. */
  readonly rounds: number;
  readonly workers: readonly number[];
  /** A Python with PyTorch, whose all-reduce is measured beside it. */
  readonly peerPython: string | undefined;
}

/** How workers are reached: a socket in the file system, or encrypted TCP. */
type Road = 'ipc' | 'curve';

interface Case {
  readonly workers: number;
  readonly road: Road;
  readonly flowCount: number;
  /** The sum of gradients in the place of new weights, as an all-reduce gives it: neither Adam nor averages. */
  readonly isSumOnly: boolean;
}

const roadNames: Readonly<Record<Road, string>> = { ipc: 'local socket', curve: 'TCP, encrypted' };

interface Measured extends Case {
  readonly name: string;
  /** Of each round: a whole step, and of it fold and Adam. */
  readonly times: number[];
  readonly updates: number[];
}

/** Cases take turns, so that a machine whose speed wanders wanders for all. */
export async function benchExchange(options: ExchangeBenchOptions): Promise<Report> {
  const { preset, arithmetic, rounds, workers, peerPython } = options;
  const { generator, discriminator } = createLayouts(preset.model);
  const numbers = generator.size + discriminator.size;
  const cases = casesOf(workers);
  const peers = await startPeers(options, numbers);
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
    for (const { peer, times } of peers) times.push(await medianOf(peer));
  }
  process.stderr.write('\n');
  await Promise.all(peers.map(({ peer }) => peer.close()));
  return {
    lines: [
      `A step of rows-large whose units compute nothing: weights out (${((4 * numbers) / 1e6).toFixed(1)} MB a worker), contributions back, sum, Adam; ${rounds} rounds, milliseconds`,
      '',
      heading('update'),
      ...cases.map(({ name, times, updates }) => row(name, times, median(updates).toFixed(1))),
      ...peers.map(({ peer, times }) => row(peer.name, times, '')),
      ...(peerPython === undefined ? ['', 'Without --peer-python PYTHON there is no gloo beside it.'] : []),
    ],
    data: {
      rounds,
      cases: cases.map(({ name: _, times, updates, ...one }) => ({ ...one, stepMs: times, updateMs: updates })),
      rows: [
        ...cases.map(({ name, times }) => spreadOf(name, times)),
        ...peers.map(({ peer, times }) => spreadOf(peer.name, times)),
      ],
    },
  };
}

/** Sums alone where there is something to sum, and over the road that is as fast as gloo's. */
function casesOf(workers: readonly number[]): Measured[] {
  return workers
    .flatMap((count): Case[] => [
      { workers: count, road: 'ipc', flowCount: 1, isSumOnly: false },
      { workers: count, road: 'curve', flowCount: 1, isSumOnly: false },
      ...(count === 1 ? [{ workers: count, road: 'curve', flowCount: 4, isSumOnly: false } as const] : []),
      ...(count > 1 ? [{ workers: count, road: 'ipc', flowCount: 1, isSumOnly: true } as const] : []),
    ])
    .map((one) => ({ ...one, name: nameOf(one), times: [], updates: [] }));
}

function nameOf({ workers, road, flowCount, isSumOnly }: Case): string {
  return `${workers} worker${workers === 1 ? '' : 's'}, ${roadNames[road]}${flowCount > 1 ? `, ${flowCount} flows` : ''}${isSumOnly ? ', sums alone' : ''}`;
}

function onlySums(arithmetic: VectorArithmetic): VectorArithmetic {
  const partOf = (tree: SumTree, start: number, end: number): SumTree =>
    tree instanceof Float32Array
      ? tree.subarray(start, end)
      : [partOf(tree[0], start, end), partOf(tree[1], start, end)];
  return {
    ...arithmetic,
    adam: ({ gradientSum, newWeights }, [start, end]) =>
      arithmetic.addUp(partOf(gradientSum, start, end), newWeights.subarray(start, end)),
    ema: () => new Float32Array(0),
  };
}

async function startPeers(
  { peerPython: python, workers }: ExchangeBenchOptions,
  numbers: number,
): Promise<{ peer: TorchPeer; times: number[] }[]> {
  const groups =
    python === undefined
      ? []
      : workers.filter((count) => count > 1).map((processes) => startGloo({ python, processes, numbers }));
  return (await Promise.all(groups)).map((peer) => ({ peer, times: [] }));
}

async function medianOf(peer: TorchPeer): Promise<number> {
  const times: number[] = [];
  for (let k = 0; k < steps; k++) times.push(await peer.step());
  return median(times);
}

interface ExchangeOptions extends Case {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
}

const warmUpSteps = 5;
const steps = 10;
const shardSize = 16;

/** The measurements of the steps that count; a step is a full exchange for both networks. */
async function measureExchange({
  preset,
  workers,
  road,
  flowCount,
  arithmetic,
}: ExchangeOptions): Promise<StepMetrics[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-exchange-'));
  const config = createRunConfig(preset, { batchSize: shardSize * workers, shardSize });
  const { link, keyFile } = await openLink(road, folder, arithmetic);
  const children = Array.from({ length: workers }, (_, index) =>
    startZeroWorker([link.address, `worker-${index + 1}`, String(flowCount), ...keyFile]),
  );
  const { size, channels } = config.model.image;
  const pixels = new Uint8Array(2 * config.batchSize * size * size * channels);
  const dataset = createDataset({ name: 'nothing', count: 2 * config.batchSize, size, channels, digest: '' }, pixels);
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
    readShards: createShardReader(dataset, config),
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
  road: Road,
  folder: string,
  memory: VectorArithmetic,
): Promise<{ link: CoordinatorLink; keyFile: string[] }> {
  const keys = createKeyPair();
  if (road === 'ipc') {
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

function startZeroWorker(parameters: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL('zero-worker.ts', import.meta.url));
  return spawn(process.execPath, [...process.execArgv, script, ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
}
