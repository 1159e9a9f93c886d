/**
 * The time from a worker's start to its first contribution, with its graphs in the cache: the built command line, a
 * real coordinator and the local link, rows-large. For comparison, PyTorch from Python's start to the end of its first
 * iteration.
 */
import { performance } from 'node:perf_hooks';
import type { Preset } from '@lstm-gan/core';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { createRunConfig, median } from '@lstm-gan/run';
import type { WorkerMessage } from '@lstm-gan/transport';
import { runLocally } from './local-run.ts';
import { heading, row, spreadOf, type Report } from '../report/report.ts';
import { startTorchProcess } from '../baselines/torch-process.ts';

export interface StartupBenchOptions {
  readonly preset: Preset;
  readonly cacheDir: string;
  readonly arithmetic: VectorArithmetic;
  readonly batch: number;
  readonly rounds: number;
  readonly peerPython: string | undefined;
}

/**
 * When the coordinator received the first message of each kind, in milliseconds since the start of the worker's
 * process.
 */
interface Start {
  /** `hello` is sent when Node has started and imported the sources. */
  readonly helloMs: number;
  /** `ready` is sent when TensorFlow is loaded and the graphs are opened and probed. */
  readonly readyMs: number;
  /** The first contribution is sent when the weights are received and the discriminator's phase is computed. */
  readonly contributionMs: number;
}

/** Measures starts of a worker and of PyTorch in turn. The first of each only fills the caches. */
export async function benchStartup(options: StartupBenchOptions): Promise<Report> {
  const { batch, rounds, peerPython } = options;
  const starts: Start[] = [];
  const theirs: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const start = await measureStart(options);
    const torch = peerPython === undefined ? undefined : await measureTorch(options.preset, peerPython, batch);
    process.stderr.write(`\rround ${round + 2} of ${rounds + 1} `);
    if (round < 0) continue;
    starts.push(start);
    if (torch !== undefined) theirs.push(torch);
  }
  process.stderr.write('\n');
  return reportOf(options, starts, theirs);
}

function reportOf(
  { batch, rounds }: Pick<StartupBenchOptions, 'batch' | 'rounds'>,
  starts: readonly Start[],
  theirs: readonly number[],
): Report {
  const ours = starts.map(({ contributionMs }) => contributionMs);
  const ratio = median(theirs.map((ms, round) => ms / ours[round]));
  return {
    lines: [
      `From a worker's start to its first contribution, rows-large, batch ${batch}, 1 thread, graphs cached, ${rounds} starts, milliseconds`,
      '',
      heading(''),
      row('lstm-gan worker', ours, ''),
      row(
        '  start, imports: until hello',
        starts.map(({ helloMs }) => helloMs),
        '',
      ),
      row(
        '  TensorFlow, probes: until ready',
        starts.map(({ helloMs, readyMs }) => readyMs - helloMs),
        '',
      ),
      row(
        '  weights, first phase',
        starts.map(({ readyMs, contributionMs }) => contributionMs - readyMs),
        '',
      ),
      ...(theirs.length === 0 ? [] : [row('PyTorch, to its first iteration', theirs, `${ratio.toFixed(2)} x`)]),
    ],
    data: {
      batch,
      rounds,
      starts,
      rows: [
        spreadOf('lstm-gan worker', ours),
        ...(theirs.length === 0 ? [] : [{ ...spreadOf('PyTorch, to its first iteration', theirs), ratio }]),
      ],
    },
  };
}

async function measureStart({ preset, batch, cacheDir, arithmetic }: StartupBenchOptions): Promise<Start> {
  const heard: Partial<Record<WorkerMessage['kind'], number>> = {};
  let startMs = 0;
  await runLocally({
    config: createRunConfig(preset, { batchSize: batch, shardSize: batch }),
    arithmetic,
    cacheDir,
    steps: 1,
    cores: [undefined],
    onStart: () => (startMs = performance.now()),
    onMessage: (kind) => (heard[kind] ??= performance.now() - startMs),
  });
  const { hello, ready, contribution } = heard;
  if (hello === undefined || ready === undefined || contribution === undefined)
    throw new Error('Bug: a run ended without a contribution');
  return { helloMs: hello, readyMs: ready, contributionMs: contribution };
}

async function measureTorch(preset: Preset, python: string, batch: number): Promise<number> {
  const startMs = performance.now();
  const peer = await startTorchProcess({ preset, python, batch, threads: 1, compile: false, channelsLast: false });
  await peer.step();
  const ms = performance.now() - startMs;
  await peer.close();
  return ms;
}
