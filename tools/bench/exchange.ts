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
import { createLayouts, type Preset, type VectorArithmetic } from '@lstm-gan/core';
import { createDataset, createShardReader } from '@lstm-gan/data';
import { createLog, createRunConfig, createTrainingState, median, type StepMetrics } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair, writeKeyFile, type CoordinatorLink } from '@lstm-gan/transport';
import { heading, row, type Report } from './report.ts';

export interface ExchangeBenchOptions {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
  /** Rounds that count; in each, every case runs some steps. */
  readonly rounds: number;
  readonly workers: readonly number[];
}

/** How workers are reached: a socket in the file system, or encrypted TCP. */
type Road = 'ipc' | 'curve';

interface Case {
  readonly workers: number;
  readonly road: Road;
}

const roadNames: Readonly<Record<Road, string>> = { ipc: 'local socket', curve: 'TCP, encrypted' };

/** Cases take turns, so that a machine whose speed wanders wanders for all. */
export async function benchExchange({ preset, arithmetic, rounds, workers }: ExchangeBenchOptions): Promise<Report> {
  const cases = workers.flatMap((count) => (['ipc', 'curve'] as const).map((road): Case & { times: number[]; updates: number[] } => ({ workers: count, road, times: [], updates: [] })));
  for (let round = 0; round < rounds; round++) {
    for (const { times, updates, ...one } of cases) {
      const measured = await measureExchange({ ...one, preset, arithmetic });
      times.push(median(measured.map(({ stepMs }) => stepMs)));
      updates.push(median(measured.map(({ updateMs }) => updateMs)));
      process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
  }
  process.stderr.write('\n');
  const { generator, discriminator } = createLayouts(preset.model);
  const megabytes = ((4 * (generator.size + discriminator.size)) / 1e6).toFixed(1);
  return {
    lines: [
      `A step of rows-large whose units compute nothing: weights out (${megabytes} MB a worker), contributions back, sum, Adam; ${rounds} rounds, milliseconds`,
      '',
      heading('update'),
      ...cases.map(({ workers: count, road, times, updates }) => row(`${count} worker${count === 1 ? '' : 's'}, ${roadNames[road]}`, times, median(updates).toFixed(1))),
    ],
    data: { rounds, cases: cases.map(({ workers: count, road, times, updates }) => ({ workers: count, road, stepMs: times, updateMs: updates })) },
  };
}

interface ExchangeOptions extends Case {
  readonly preset: Preset;
  readonly arithmetic: VectorArithmetic;
}

const warmUpSteps = 5;
const steps = 20;
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
