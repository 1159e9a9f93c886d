/**
 * The gain of a second worker: a real coordinator and two real workers, each on its own core, over the local link. They
 * are compared with the plain loop in one process on one core, which exchanges nothing, and with PyTorch's
 * DistributedDataParallel.
 */
import type { Preset } from '@lstm-gan/core';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { createRunConfig, median, type StepMetrics } from '@lstm-gan/run';
import { startPlainLoop } from '../baselines/start-plain-loop.ts';
import type { SteppingProcess } from '../baselines/stepping-process.ts';
import { startPacedRun, type PacedRun } from './paced-run.ts';
import { heading, row, spreadOf, type Report } from '../report/report.ts';
import { startFastest, startTorchGroup, torchOptions } from '../baselines/torch-process.ts';

export interface ScalingBenchOptions {
  readonly preset: Preset;
  readonly cacheDir: string;
  readonly arithmetic: VectorArithmetic;
  /** Images per worker, in shards of 16 images, or in one smaller shard if there are fewer than 16 images. */
  readonly batch: number;
  readonly rounds: number;
  readonly peerPython: string | undefined;
}

interface Measured {
  readonly name: string;
  readonly times: number[];
}

const cores = [0, 1];
const warmUpRounds = 2;

/**
 * In every round, the run and the programs that it is compared with run some steps in turn. While one runs, the others
 * are blocked at a pipe or a socket.
 */
export async function benchScaling(options: ScalingBenchOptions): Promise<Report> {
  const { preset, cacheDir, arithmetic, batch, rounds, peerPython } = options;
  const shardSize = Math.min(16, batch);
  const config = createRunConfig(preset, { batchSize: cores.length * batch, shardSize });
  const stepsPerTurn = batch > 16 ? 1 : 2;
  const run = startPacedRun({ config, arithmetic, cacheDir, cores, turns: rounds + warmUpRounds, stepsPerTurn });
  const single = await startPlainLoop({ preset, batch, shardSize, threads: 1, core: cores[0] });
  const groups =
    peerPython === undefined
      ? []
      : [
          await startFastest(
            torchOptions.map(
              (chosen) => () => startTorchGroup({ preset, python: peerPython, batch, cores, ...chosen }),
            ),
          ),
        ];
  const steps: StepMetrics[] = [];
  const pair: Measured = { name: '2 workers and coordinator', times: [] };
  const alone: Measured = { name: 'one process, one core', times: [] };
  const peers: Measured[] = groups.map(({ name }) => ({ name, times: [] }));
  for (let round = -warmUpRounds; round < rounds; round++) {
    const turn = await run.next();
    const others = await inTurn([single, ...groups], stepsPerTurn);
    process.stderr.write(`\rround ${round + warmUpRounds + 1} of ${rounds + warmUpRounds} `);
    if (round < 0) continue;
    steps.push(...turn);
    pair.times.push(median(turn.map(({ stepMs }) => stepMs)));
    [alone, ...peers].forEach(({ times }, k) => times.push(others[k]));
  }
  process.stderr.write('\n');
  await close(run, [single, ...groups]);
  return reportOf(options, pair, alone, peers, steps);
}

async function inTurn(processes: readonly Pick<SteppingProcess, 'step'>[], steps: number): Promise<number[]> {
  const medians: number[] = [];
  for (const { step } of processes) {
    const times: number[] = [];
    for (let k = 0; k < steps; k++) times.push(await step());
    medians.push(median(times));
  }
  return medians;
}

async function close(run: PacedRun, processes: readonly Pick<SteppingProcess, 'close'>[]): Promise<void> {
  await run.finish();
  for (const { close } of processes) await close();
}

function reportOf(
  { batch, rounds }: ScalingBenchOptions,
  pair: Measured,
  alone: Measured,
  peers: readonly Measured[],
  steps: readonly StepMetrics[],
): Report {
  const rate = (count: number, { times }: Measured): string => ((1000 * count * batch) / median(times)).toFixed(1);
  const scaling = median(alone.times.map((ms, round) => (cores.length * ms) / pair.times[round]));
  const ratioTo = ({ times }: Measured): number => median(times.map((ms, round) => ms / pair.times[round]));
  const part = (pick: (metrics: StepMetrics) => number): string => median(steps.map(pick)).toFixed(0);
  const { computeMs, exchangeMs, updateMs, waitingMs } = {
    computeMs: part((m) => m.computeMs),
    exchangeMs: part((m) => m.exchangeMs),
    updateMs: part((m) => m.updateMs),
    waitingMs: part((m) => m.waitingMs),
  };
  return {
    lines: [
      `rows-large, ${batch} images per worker, shards of ${Math.min(16, batch)}, a core and a thread each, ${rounds} rounds, interleaved, milliseconds a step`,
      '',
      heading('images/s'),
      row(pair.name, pair.times, rate(2, pair)),
      row(alone.name, alone.times, rate(1, alone)),
      ...peers.map((peer) => row(peer.name, peer.times, rate(2, peer))),
      '',
      `Two workers give ${scaling.toFixed(2)} times the images/s of one process on one core.`,
      ...peers.map((peer) => `Two workers are ${ratioTo(peer).toFixed(2)} times as fast as ${peer.name}.`),
      `A step: ${computeMs} ms computing in the slower worker, ${exchangeMs} ms for messages, ${updateMs} ms updating; the workers waited ${waitingMs} ms in all.`,
    ],
    data: {
      batch,
      rounds,
      scaling,
      rows: [
        spreadOf('2 workers', pair.times),
        spreadOf(alone.name, alone.times),
        ...peers.map((peer) => ({ ...spreadOf(peer.name, peer.times), ratio: ratioTo(peer) })),
      ],
      partsMs: { computeMs, exchangeMs, updateMs, waitingMs },
    },
  };
}
