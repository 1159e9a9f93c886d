/**
 * Measures one iteration of a model on this machine in several implementations: lstm-gan, stock tfjs layers and, if a
 * Python with PyTorch is given, PyTorch. The implementations run one after the other in every round, so that a change
 * of the machine's speed affects all of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Preset } from '@lstm-gan/core';
import { openEngine } from '@lstm-gan/engine';
import { median } from '@lstm-gan/run';
import { startPlainLoop } from '../baselines/start-plain-loop.ts';
import { startSteppingProcess, type SteppingProcess } from '../baselines/stepping-process.ts';
import { createMatmulPeak } from './matmul-peak.ts';
import { kindLines, timeKinds } from './operation-times.ts';
import { heading, row, spreadOf, type Report } from '../report/report.ts';
import { startTorchProcess, torchOptions } from '../baselines/torch-process.ts';

export interface StepBenchOptions {
  readonly preset: Preset;
  readonly cacheDir: string;
  readonly batch: number;
  /** Timed rounds; two more run before them as warm-up. */
  readonly rounds: number;
  readonly threads: number;
  readonly peerPython: string | undefined;
  /** Whether to time the kinds of operations as well. */
  readonly operations: boolean;
}

/** An iteration of another implementation, and its milliseconds in every timed round. */
interface Alternative {
  readonly name: string;
  readonly process: Pick<SteppingProcess, 'step' | 'close'>;
  readonly times: number[];
}

/**
 * The threads of some implementations spin for a moment after their work. The pause keeps that out of the next
 * measurement.
 */
const pauseMs = 50;

interface Measured {
  /**
   * Milliseconds of lstm-gan in every timed round: of the iteration; of everything except the updates; of the updates.
   */
  readonly own: number[][];
  readonly alternatives: Alternative[];
  /** Floating-point operations a second of a matrix product, in every timed round. */
  readonly peaks: number[];
}

async function startAlternatives({ preset, batch, threads, peerPython }: StepBenchOptions): Promise<Alternative[]> {
  const alternatives: Alternative[] = [];
  const add = (name: string, process: Alternative['process']): number =>
    alternatives.push({ name, process, times: [] });
  if (isInStockLayers(preset)) {
    const script = fileURLToPath(new URL('../baselines/stock-layers-process.ts', import.meta.url));
    const numbers = [batch, threads].map(String);
    const stock = await startSteppingProcess(process.execPath, [...process.execArgv, script, preset.name, ...numbers]);
    add(stock.greeting, stock);
  }
  for (const chosen of peerPython === undefined ? [] : torchOptions) {
    const torch = await startTorchProcess({ preset, python: peerPython as string, batch, threads, ...chosen });
    add(torch.name, torch);
  }
  return alternatives;
}

/** Whether stock-layers.ts has everything that a preset's step computes. */
function isInStockLayers({ model }: Preset): boolean {
  const { generator, discriminator, regularizer, loss, labelSmoothing, augment, condition } = model;
  return (
    generator.kind === 'rows' &&
    discriminator.kind !== 'custom' &&
    discriminator.minibatchDeviation === undefined &&
    discriminator.spectralNorm !== true &&
    condition === undefined &&
    labelSmoothing === undefined &&
    regularizer.kind === 'none' &&
    loss === 'non-saturating' &&
    augment === undefined
  );
}

/** Runs each implementation in a process of its own, so that none pays for the memory or garbage of another. */
async function measure(options: StepBenchOptions): Promise<Measured> {
  const { preset, cacheDir, batch, rounds, threads } = options;
  const ours = await startPlainLoop({ preset, batch, shardSize: batch, threads });
  const alternatives = await startAlternatives(options);
  const graph = await openEngine('graph', { cacheDir, threads, device: 'cpu' });
  const measurePeak = await createMatmulPeak(graph);
  const own: number[][] = [];
  const peaks: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const parts = await ours.timedParts();
    const peak = await measurePeak();
    if (round >= 0) {
      own.push(parts);
      peaks.push(peak);
    }
    for (const { process: other, times } of alternatives) {
      const theirs = await other.step();
      if (round >= 0) times.push(theirs);
      await delay(pauseMs);
    }
    process.stderr.write(`\rround ${round + 3} of ${rounds + 2} `);
  }
  process.stderr.write('\n');
  await Promise.all([graph.close(), ours.close(), ...alternatives.map(({ process: other }) => other.close())]);
  return { own, alternatives, peaks };
}

/** Multiplications and additions of one iteration of rows-large per image, with one forward pass of the generator. */
const operationsPerImage = 1.69e9;

/** Steps with a lazy penalty (`every`) are rare among the timed ones, so the median is that of a step without it. */
export async function benchStep(options: StepBenchOptions): Promise<Report> {
  const { own, alternatives, peaks } = await measure(options);
  const { preset, batch, rounds, threads, cacheDir } = options;
  const kinds = options.operations ? await timeKinds(preset, batch, cacheDir, threads) : [];
  const [totals, native, updates] = [0, 1, 2].map((part) => own.map((parts) => parts[part]));
  const ratioOf = ({ times }: Alternative): number => median(times.map((theirs, i) => theirs / totals[i]));
  const shareOfPeak =
    preset.name === 'rows-large'
      ? median(totals.map((ms, i) => (operationsPerImage * batch) / (ms / 1000) / peaks[i]))
      : undefined;
  const torch = alternatives.filter(({ name }) => name.startsWith('PyTorch'));
  const fastest =
    torch.length === 0
      ? undefined
      : torch.reduce((best, other) => (median(other.times) < median(best.times) ? other : best));
  const rate = (times: readonly number[]): string => ((1000 * batch) / median(times)).toFixed(1);
  const rowOf = (name: string, times: readonly number[]): string => row(name, times, rate(times));
  return {
    lines: [
      `One iteration of ${preset.name}, batch ${batch}, ${threads} threads, ${rounds} rounds, interleaved, milliseconds`,
      '',
      heading('images/s'),
      rowOf('lstm-gan, graph engine', totals),
      rowOf('  outside the updates', native),
      rowOf('  updates: Adam, averages', updates),
      ...alternatives.map(({ name, times }) => rowOf(name, times)),
      '',
      `A matrix product of 2,048 x 2,048 runs at ${(median(peaks) / 1e9).toFixed(0)} GFLOP/s here${shareOfPeak === undefined ? '' : `; lstm-gan's iteration at ${(100 * shareOfPeak).toFixed(0)} % of that`}.`,
      ...alternatives.map(
        (other) =>
          `lstm-gan is ${ratioOf(other).toFixed(2)} times as fast as ${other.name}${other === fastest ? ', the fastest PyTorch here' : ''} (median of the rounds' ratios).`,
      ),
      ...(kinds.length > 0 ? ['', ...kindLines(kinds, median(peaks))] : []),
    ],
    data: {
      preset: preset.name,
      batch,
      rounds,
      threads,
      rows: [
        spreadOf('lstm-gan', totals),
        ...alternatives.map((other) => ({ ...spreadOf(other.name, other.times), ratio: ratioOf(other) })),
      ],
      ownMs: totals,
      peakGigaflops: median(peaks) / 1e9,
      ...(shareOfPeak === undefined ? {} : { shareOfPeak }),
      ...(kinds.length > 0 ? { operations: kinds } : {}),
    },
  };
}
