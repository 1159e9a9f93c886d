/**
 * One iteration of a model on this machine, ours beside the same model in stock tfjs layers and, where there is one, in
 * PyTorch; one after the other in every round, so that a machine whose speed wanders wanders for all.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ModelConfig, Preset } from '@lstm-gan/core';
import { openEngine } from '@lstm-gan/engine';
import { median } from '@lstm-gan/run';
import { createMatmulPeak } from './matmul-peak.ts';
import { createOwnStep, type StepTimes } from './own-step.ts';
import { heading, row, spreadOf, type Report } from './report.ts';
import { createStockModel } from './stock-layers.ts';
import { startTorchPeer, torchOptions, type TorchPeer } from './torch-peer.ts';

export interface StepBenchOptions {
  readonly preset: Preset;
  readonly cacheDir: string;
  readonly batch: number;
  /** Rounds that count; two more come first. */
  readonly rounds: number;
  readonly threads: number;
  readonly peerPython: string | undefined;
}

/** Somebody else's iteration, and what it took in every round that counts. */
interface Peer {
  readonly name: string;
  readonly step: () => Promise<number>;
  readonly times: number[];
}

function stockPeer(model: ModelConfig, images: Uint8Array, batch: number): Peer {
  const stock = createStockModel(model, batch);
  const step = async (): Promise<number> => {
    const startMs = performance.now();
    stock.step(images);
    return performance.now() - startMs;
  };
  return { name: 'stock tfjs layers', step, times: [] };
}

/** PyTorch's threads spin for a moment behind their work; what comes next is not to pay for it. */
const pauseMs = 50;

interface Measured {
  readonly own: StepTimes[];
  readonly peers: Peer[];
  /** Floating-point operations a second of a matrix product, in every round. */
  readonly peaks: number[];
}

async function measure({ preset, cacheDir, batch, rounds, threads, peerPython }: StepBenchOptions): Promise<Measured> {
  const options = { cacheDir, threads, device: 'cpu' } as const;
  // The eager engine loads tfjs-node as the current backend, which the stock model then uses.
  const eager = await openEngine('eager', options);
  const graph = await openEngine('graph', options);
  const ownStep = await createOwnStep(graph, preset, batch);
  const { size, channels } = preset.model.image;
  const images = Uint8Array.from({ length: batch * size * size * channels }, (_, i) => (i * 2654435761) >>> 24);
  const torchPeers: TorchPeer[] = [];
  for (const chosen of peerPython === undefined ? [] : torchOptions) {
    torchPeers.push(await startTorchPeer({ python: peerPython as string, batch, threads, ...chosen }));
  }
  const peers = [stockPeer(preset.model, images, batch), ...torchPeers.map(({ name, step }) => ({ name, step, times: [] }))];
  const measurePeak = await createMatmulPeak(graph);
  const own: StepTimes[] = [];
  const peaks: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const ours = await ownStep(images);
    const peak = await measurePeak();
    if (round >= 0) {
      own.push(ours);
      peaks.push(peak);
    }
    for (const { step, times } of peers) {
      const theirs = await step();
      if (round >= 0) times.push(theirs);
      await delay(pauseMs);
    }
    process.stderr.write(`\rround ${round + 3} of ${rounds + 2} `);
  }
  process.stderr.write('\n');
  await Promise.all([eager.close(), graph.close(), ...torchPeers.map((peer) => peer.close())]);
  return { own, peers, peaks };
}

/** Multiplications and additions of one iteration, an image, with one forward pass of the generator. */
const operationsPerImage = 1.69e9;

export async function benchStep(options: StepBenchOptions): Promise<Report> {
  const { own, peers, peaks } = await measure(options);
  const { batch, rounds, threads } = options;
  const totals = own.map(({ totalMs }) => totalMs);
  const ratioOf = ({ times }: Peer): number => median(times.map((theirs, i) => theirs / totals[i]));
  const shareOfPeak = median(totals.map((ms, i) => (operationsPerImage * batch) / (ms / 1000) / peaks[i]));
  const torch = peers.filter(({ name }) => name.startsWith('PyTorch'));
  const fastest = torch.length === 0 ? undefined : torch.reduce((best, peer) => (median(peer.times) < median(best.times) ? peer : best));
  const rate = (times: readonly number[]): string => ((1000 * batch) / median(times)).toFixed(1);
  const rowOf = (name: string, times: readonly number[]): string => row(name, times, rate(times));
  return {
    lines: [
      `One iteration of rows-large, batch ${batch}, ${threads} threads, ${rounds} rounds, interleaved, milliseconds`,
      '',
      heading('images/s'),
      rowOf('lstm-gan, graph engine', totals),
      rowOf('  in native calls', own.map(({ unitsMs }) => unitsMs)),
      rowOf('  sum, Adam, averages', own.map(({ updateMs }) => updateMs)),
      ...peers.map(({ name, times }) => rowOf(name, times)),
      '',
      `A matrix product of 2,048 x 2,048 runs at ${(median(peaks) / 1e9).toFixed(0)} GFLOP/s here; lstm-gan's iteration at ${(100 * shareOfPeak).toFixed(0)} % of that.`,
      ...peers.map((peer) => `lstm-gan is ${ratioOf(peer).toFixed(2)} times as fast as ${peer.name}${peer === fastest ? ', the fastest PyTorch here' : ''} (median of the rounds' ratios).`),
    ],
    data: {
      batch, rounds, threads,
      rows: [spreadOf('lstm-gan', totals), ...peers.map((peer) => ({ ...spreadOf(peer.name, peer.times), ratio: ratioOf(peer) }))],
      ownMs: totals,
      peakGigaflops: median(peaks) / 1e9,
      shareOfPeak,
    },
  };
}
