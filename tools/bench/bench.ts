/**
 * `npm run bench`: one iteration of a model on this machine, ours beside the same model in stock tfjs layers and, where
 * there is one, in PyTorch; one after the other in every round, so that a machine whose speed wanders wanders for all.
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { presets, type ModelConfig } from '@lstm-gan/core';
import { defaultCacheDir, loadNativeArithmetic, locateTensorFlow, openEngine } from '@lstm-gan/engine';
import { createMatmulPeak } from './matmul-peak.ts';
import { createOwnStep, type StepTimes } from './own-step.ts';
import { createStockModel } from './stock-layers.ts';
import { startTorchPeer, type TorchPeer } from './torch-peer.ts';

const usage = `npm run bench -- [options]

  --batch N      images an iteration (16)
  --rounds N     rounds that count, at least 7 (9); two more come first
  --threads N    threads for each (2)
  --peer-python PYTHON
                 a Python with PyTorch: measures it too, eager and compiled
  --json         one line of JSON instead of a table

The model is the preset rows-large: generator 5,850,947 parameters, discriminator 675,265, 64x64 RGB. One iteration is a
discriminator step on real and fake images, Adam, a generator step, Adam.
`;

interface Options {
  readonly batch: number;
  readonly rounds: number;
  readonly threads: number;
  readonly peerPython: string | undefined;
  readonly json: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: { batch: { type: 'string' }, rounds: { type: 'string' }, threads: { type: 'string' }, 'peer-python': { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const number = (text: string | undefined, fallback: number, least: number): number => {
    const value = Number(text ?? fallback);
    if (Number.isSafeInteger(value) && value >= least) return value;
    process.stderr.write(`Expected a whole number from ${least}, got ${text}.\n\n${usage}`);
    process.exit(2);
  };
  if (values.help === true) {
    process.stdout.write(usage);
    process.exit(0);
  }
  return {
    batch: number(values.batch, 16, 1),
    rounds: number(values.rounds, 9, 7),
    threads: number(values.threads, 2, 1),
    peerPython: values['peer-python'],
    json: values.json === true,
  };
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

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

async function measure({ batch, rounds, threads, peerPython }: Options): Promise<Measured> {
  const preset = presets.get('rows-large');
  if (preset === undefined) throw new Error('Bug: the preset rows-large is gone');
  const options = { cacheDir: defaultCacheDir(process.env, os.homedir()), threads, device: 'cpu' } as const;
  // The eager engine loads tfjs-node as the current backend, which the stock model then uses.
  const eager = await openEngine('eager', options);
  const graph = await openEngine('graph', options);
  const provisioned = await locateTensorFlow(options.cacheDir, 'cpu');
  if (provisioned === undefined) throw new Error('Bug: an engine runs without TensorFlow');
  const ownStep = await createOwnStep(graph, loadNativeArithmetic(provisioned, threads), preset, batch);
  const { size, channels } = preset.model.image;
  const images = Uint8Array.from({ length: batch * size * size * channels }, (_, i) => (i * 2654435761) >>> 24);
  const torchPeers: TorchPeer[] = [];
  for (const compile of peerPython === undefined ? [] : [false, true]) {
    torchPeers.push(await startTorchPeer({ python: peerPython as string, batch, threads, compile }));
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

function row(name: string, times: readonly number[], batch: number): string {
  const ms = (value: number) => value.toFixed(0).padStart(7);
  const rate = ((1000 * batch) / middle(times)).toFixed(1).padStart(9);
  return `${name.padEnd(28)}${ms(middle(times))}${ms(Math.min(...times))}${ms(Math.max(...times))}${rate}`;
}

const options = readOptions();
const { own, peers, peaks } = await measure(options);
const totals = own.map(({ totalMs }) => totalMs);
const ratioOf = ({ times }: Peer): number => middle(times.map((theirs, i) => theirs / totals[i]));
/** Multiplications and additions of one iteration, an image, with one forward pass of the generator. */
const operationsPerImage = 1.69e9;
const shareOfPeak = middle(totals.map((ms, i) => (operationsPerImage * options.batch) / (ms / 1000) / peaks[i]));
const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores, Node ${process.versions.node}, TensorFlow 2.21.0, ${options.threads} threads`;
if (options.json) {
  const { batch, rounds } = options;
  const others = peers.map((peer) => ({ name: peer.name, ms: peer.times, medianRatio: ratioOf(peer) }));
  process.stdout.write(`${JSON.stringify({ machine, batch, rounds, ownMs: totals, peakGigaflops: middle(peaks) / 1e9, shareOfPeak, peers: others })}\n`);
} else {
  const lines = [
    `One iteration of rows-large, batch ${options.batch}, ${options.rounds} rounds, interleaved, milliseconds`,
    machine,
    '',
    `${''.padEnd(28)}${' median    min    max images/s'}`,
    row('lstm-gan, graph engine', totals, options.batch),
    row('  in native calls', own.map(({ unitsMs }) => unitsMs), options.batch),
    row('  sum, Adam, averages', own.map(({ updateMs }) => updateMs), options.batch),
    ...peers.map(({ name, times }) => row(name, times, options.batch)),
    '',
    `A matrix product of 2,048 x 2,048 runs at ${(middle(peaks) / 1e9).toFixed(0)} GFLOP/s here; lstm-gan's iteration at ${(100 * shareOfPeak).toFixed(0)} % of that`,
    ...peers.map((peer) => `lstm-gan is ${ratioOf(peer).toFixed(2)} times as fast as ${peer.name} (median of the rounds' ratios)`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
