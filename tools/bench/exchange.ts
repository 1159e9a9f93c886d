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
}

const roadNames: Readonly<Record<Road, string>> = { ipc: 'local socket', curve: 'TCP, encrypted' };

interface Measured extends Case {
  /** Of each round: a whole step, of it fold and Adam, and the same step with the sum alone. */
  readonly times: number[];
  readonly updates: number[];
  readonly sumsOnly: number[];
}

/** Cases take turns, so that a machine whose speed wanders wanders for all. */
export async function benchExchange(options: ExchangeBenchOptions): Promise<Report> {
  const { preset, arithmetic, rounds, workers, peerPython } = options;
  const { generator, discriminator } = createLayouts(preset.model);
  const numbers = generator.size + discriminator.size;
  const cases = workers.flatMap((count) => (['ipc', 'curve'] as const).map((road): Measured => ({ workers: count, road, times: [], updates: [], sumsOnly: [] })));
  const peers = await startPeers(options, numbers);
  for (let round = 0; round < rounds; round++) {
    for (const { times, updates, sumsOnly, ...one } of cases) {
      const measured = await measureExchange({ ...one, preset, arithmetic });
      times.push(median(measured.map(({ stepMs }) => stepMs)));
      updates.push(median(measured.map(({ updateMs }) => updateMs)));
      sumsOnly.push(median(measured.map(({ stepMs, updateMs }) => stepMs - updateMs)) + measureSum(arithmetic, one.workers, [generator.size, discriminator.size]));
      process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
    for (const { peer, times } of peers) times.push(await medianOf(peer));
  }
  process.stderr.write('\n');
  await Promise.all(peers.map(({ peer }) => peer.close()));
  const crews = cases.filter((one) => one.workers > 1);
  const nameOf = ({ workers: count, road }: Case): string => `${count} worker${count === 1 ? '' : 's'}, ${roadNames[road]}`;
  return {
    lines: [
      `A step of rows-large whose units compute nothing: weights out (${((4 * numbers) / 1e6).toFixed(1)} MB a worker), contributions back, sum, Adam; ${rounds} rounds, milliseconds`,
      '',
      heading('update'),
      ...cases.map((one) => row(nameOf(one), one.times, median(one.updates).toFixed(1))),
      '',
      'The same with the sum alone, without Adam',
      ...crews.map((one) => row(nameOf(one), one.sumsOnly, '')),
      ...peers.map(({ peer, times }) => row(peer.name, times, '')),
      ...(peerPython === undefined ? ['', 'Without --peer-python PYTHON there is no gloo beside it.'] : []),
    ],
    data: {
      rounds,
      cases: cases.map(({ workers: count, road, times, updates, sumsOnly }) => ({ workers: count, road, stepMs: times, updateMs: updates, sumOnlyMs: sumsOnly })),
      rows: [...cases.map((one) => spreadOf(nameOf(one), one.times)), ...crews.map((one) => spreadOf(`${nameOf(one)}, without Adam`, one.sumsOnly)), ...peers.map(({ peer, times }) => spreadOf(peer.name, times))],
    },
  };
}

async function startPeers({ peerPython: python, workers }: ExchangeBenchOptions, numbers: number): Promise<{ peer: TorchPeer; times: number[] }[]> {
  const groups = python === undefined ? [] : workers.filter((count) => count > 1).map((processes) => startGloo({ python, processes, numbers }));
  return (await Promise.all(groups)).map((peer) => ({ peer, times: [] }));
}

async function medianOf(peer: TorchPeer): Promise<number> {
  const times: number[] = [];
  for (let k = 0; k < steps; k++) times.push(await peer.step());
  return median(times);
}

/** Milliseconds of adding up what so many workers give, of both networks. */
function measureSum({ addUp, allocate, release }: VectorArithmetic, count: number, sizes: readonly number[]): number {
  const terms = sizes.map((size) => Array.from({ length: count }, () => allocate(size).fill(1)));
  const sums = sizes.map((size) => allocate(size).fill(0));
  const startMs = performance.now();
  terms.forEach((vectors, k) => addUp(vectors.reduce<SumTree>((tree, vector, index) => (index === 0 ? vector : [tree, vector]), vectors[0]), sums[k]));
  const ms = performance.now() - startMs;
  for (const vector of [...terms.flat(), ...sums]) release(vector);
  return ms;
}

interface ExchangeOptions extends Case {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
}

const warmUpSteps = 5;
const steps = 10;
const shardSize = 16;

/** The measurements of the steps that count; a step is a full exchange for both networks. */
async function measureExchange({ preset, workers, road, arithmetic }: ExchangeOptions): Promise<StepMetrics[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-exchange-'));
  const config = createRunConfig(preset, { batchSize: shardSize * workers, shardSize });
  const { link, keyFile } = await openLink(road, folder, arithmetic);
  const children = Array.from({ length: workers }, (_, index) => startZeroWorker([link.address, `worker-${index + 1}`, ...keyFile]));
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
    config, link, arithmetic, run: 'bench', incarnation: 1, steps: warmUpSteps + steps,
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
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
  await rm(folder, { recursive: true });
  if (measured.length < steps) throw new Error(`A worker ended too early:\n${said}`);
  return measured;
}

async function openLink(road: Road, folder: string, memory: VectorArithmetic): Promise<{ link: CoordinatorLink; keyFile: string[] }> {
  const keys = createKeyPair();
  if (road === 'ipc') {
    return { link: await createCoordinatorLink({ bind: `ipc://${folder}/socket`, keys, isAuthorized: () => false, memory }), keyFile: [] };
  }
  const worker = createKeyPair();
  const keyFile = path.join(folder, 'worker.key');
  await writeKeyFile(keyFile, { ...worker, serverKey: keys.publicKey });
  return { link: await createCoordinatorLink({ keys, isAuthorized: (key) => key === worker.publicKey, memory }), keyFile: [keyFile] };
}

function startZeroWorker(parameters: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL('zero-worker.ts', import.meta.url));
  return spawn(process.execPath, [...process.execArgv, script, ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
}
