/**
 * One iteration of a model on this machine, ours beside the same model in stock tfjs layers and, where there is one, in
 * PyTorch; one after the other in every round, so that a machine whose speed wanders wanders for all.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Preset } from '@lstm-gan/core';
import { openEngine } from '@lstm-gan/engine';
import { median } from '@lstm-gan/run';
import { startAsked, type AskedProcess } from './asked-process.ts';
import { createMatmulPeak } from './matmul-peak.ts';
import { heading, row, spreadOf, type Report } from './report.ts';
import { startTorchPeer, torchOptions } from './torch-peer.ts';

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
  readonly process: Pick<AskedProcess, 'step' | 'close'>;
  readonly times: number[];
}

/** The threads of some spin for a moment behind their work; what comes next is not to pay for it. */
const pauseMs = 50;

interface Measured {
  /** Milliseconds of ours: in all, in native calls, and of sum, Adam and averages. */
  readonly own: number[][];
  readonly peers: Peer[];
  /** Floating-point operations a second of a matrix product, in every round. */
  readonly peaks: number[];
}

async function startPeers({ preset, batch, threads, peerPython }: StepBenchOptions): Promise<Peer[]> {
  const stock = await startScript(new URL('stock-step-process.ts', import.meta.url), [
    preset.name,
    String(batch),
    String(threads),
  ]);
  const peers: Peer[] = [{ name: stock.greeting, process: stock, times: [] }];
  for (const chosen of peerPython === undefined ? [] : torchOptions) {
    const torch = await startTorchPeer({ python: peerPython as string, batch, threads, ...chosen });
    peers.push({ name: torch.name, process: torch, times: [] });
  }
  return peers;
}

function startScript(script: URL, parameters: readonly string[]): Promise<AskedProcess> {
  return startAsked(process.execPath, [...process.execArgv, fileURLToPath(script), ...parameters]);
}

/** Each in a process of its own: what one leaves behind, in memory and to be collected, is not the next one's. */
async function measure(options: StepBenchOptions): Promise<Measured> {
  const { preset, cacheDir, batch, rounds, threads } = options;
  const ours = await startScript(new URL('own-step-process.ts', import.meta.url), [
    preset.name,
    String(batch),
    String(batch),
    String(threads),
  ]);
  const peers = await startPeers(options);
  const graph = await openEngine('graph', { cacheDir, threads, device: 'cpu' });
  const measurePeak = await createMatmulPeak(graph);
  const own: number[][] = [];
  const peaks: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const parts = await ours.stepInParts();
    const peak = await measurePeak();
    if (round >= 0) {
      own.push(parts);
      peaks.push(peak);
    }
    for (const { process: peer, times } of peers) {
      const theirs = await peer.step();
      if (round >= 0) times.push(theirs);
      await delay(pauseMs);
    }
    process.stderr.write(`\rround ${round + 3} of ${rounds + 2} `);
  }
  process.stderr.write('\n');
  await Promise.all([graph.close(), ours.close(), ...peers.map(({ process: peer }) => peer.close())]);
  return { own, peers, peaks };
}

/** Multiplications and additions of one iteration, an image, with one forward pass of the generator. */
const operationsPerImage = 1.69e9;

export async function benchStep(options: StepBenchOptions): Promise<Report> {
  const { own, peers, peaks } = await measure(options);
  const { batch, rounds, threads } = options;
  const [totals, native, updates] = [0, 1, 2].map((part) => own.map((parts) => parts[part]));
  const ratioOf = ({ times }: Peer): number => median(times.map((theirs, i) => theirs / totals[i]));
  const shareOfPeak = median(totals.map((ms, i) => (operationsPerImage * batch) / (ms / 1000) / peaks[i]));
  const torch = peers.filter(({ name }) => name.startsWith('PyTorch'));
  const fastest =
    torch.length === 0
      ? undefined
      : torch.reduce((best, peer) => (median(peer.times) < median(best.times) ? peer : best));
  const rate = (times: readonly number[]): string => ((1000 * batch) / median(times)).toFixed(1);
  const rowOf = (name: string, times: readonly number[]): string => row(name, times, rate(times));
  return {
    lines: [
      `One iteration of rows-large, batch ${batch}, ${threads} threads, ${rounds} rounds, interleaved, milliseconds`,
      '',
      heading('images/s'),
      rowOf('lstm-gan, graph engine', totals),
      rowOf('  in native calls', native),
      rowOf('  sum, Adam, averages', updates),
      ...peers.map(({ name, times }) => rowOf(name, times)),
      '',
      `A matrix product of 2,048 x 2,048 runs at ${(median(peaks) / 1e9).toFixed(0)} GFLOP/s here; lstm-gan's iteration at ${(100 * shareOfPeak).toFixed(0)} % of that.`,
      ...peers.map(
        (peer) =>
          `lstm-gan is ${ratioOf(peer).toFixed(2)} times as fast as ${peer.name}${peer === fastest ? ', the fastest PyTorch here' : ''} (median of the rounds' ratios).`,
      ),
    ],
    data: {
      batch,
      rounds,
      threads,
      rows: [
        spreadOf('lstm-gan', totals),
        ...peers.map((peer) => ({ ...spreadOf(peer.name, peer.times), ratio: ratioOf(peer) })),
      ],
      ownMs: totals,
      peakGigaflops: median(peaks) / 1e9,
      shareOfPeak,
    },
  };
}
