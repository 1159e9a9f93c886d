/**
 * `npm run bench`: one iteration of a model on this machine, ours beside the same model in stock tfjs layers, one after
 * the other in every round, so that a machine whose speed wanders wanders for both.
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { presets } from '@lstm-gan/core';
import { defaultCacheDir, loadNativeArithmetic, locateTensorFlow, openEngine } from '@lstm-gan/engine';
import { createOwnStep, type StepTimes } from './own-step.ts';
import { createStockModel } from './stock-layers.ts';

const usage = `npm run bench -- [options]

  --batch N      images an iteration (16)
  --rounds N     rounds that count, at least 7 (9); two more come first
  --threads N    threads for both (2)
  --json         one line of JSON instead of a table

The model is the preset rows-large: generator 5,850,947 parameters, discriminator 675,265, 64x64 RGB. One iteration is a
discriminator step on real and fake images, Adam, a generator step, Adam.
`;

interface Options {
  readonly batch: number;
  readonly rounds: number;
  readonly threads: number;
  readonly json: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: { batch: { type: 'string' }, rounds: { type: 'string' }, threads: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
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
    json: values.json === true,
  };
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function measure({ batch, rounds, threads }: Options): Promise<{ own: StepTimes[]; stock: number[] }> {
  const preset = presets.get('rows-large');
  if (preset === undefined) throw new Error('Bug: the preset rows-large is gone');
  const options = { cacheDir: defaultCacheDir(process.env, os.homedir()), threads, device: 'cpu' } as const;
  // The eager engine loads tfjs-node as the current backend, which the stock model then uses.
  const eager = await openEngine('eager', options);
  const graph = await openEngine('graph', options);
  const provisioned = await locateTensorFlow(options.cacheDir, 'cpu');
  if (provisioned === undefined) throw new Error('Bug: an engine runs without TensorFlow');
  const ownStep = await createOwnStep(graph, loadNativeArithmetic(provisioned, threads), preset, batch);
  const stockModel = createStockModel(preset.model, batch);
  const { size, channels } = preset.model.image;
  const images = Uint8Array.from({ length: batch * size * size * channels }, (_, i) => (i * 2654435761) >>> 24);
  const own: StepTimes[] = [];
  const stock: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const ours = await ownStep(images);
    const startMs = performance.now();
    stockModel.step(images);
    const theirs = performance.now() - startMs;
    if (round >= 0) {
      own.push(ours);
      stock.push(theirs);
    }
    process.stderr.write(`\rround ${round + 3} of ${rounds + 2} `);
  }
  process.stderr.write('\n');
  await Promise.all([eager.close(), graph.close()]);
  return { own, stock };
}

function row(name: string, times: readonly number[], batch: number): string {
  const ms = (value: number) => value.toFixed(0).padStart(7);
  const rate = ((1000 * batch) / middle(times)).toFixed(1).padStart(9);
  return `${name.padEnd(28)}${ms(middle(times))}${ms(Math.min(...times))}${ms(Math.max(...times))}${rate}`;
}

const options = readOptions();
const { own, stock } = await measure(options);
const totals = own.map(({ totalMs }) => totalMs);
const ratio = middle(stock.map((theirs, i) => theirs / totals[i]));
const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores, Node ${process.versions.node}, TensorFlow 2.21.0, ${options.threads} threads`;
if (options.json) {
  const { batch, rounds } = options;
  process.stdout.write(`${JSON.stringify({ machine, batch, rounds, ownMs: totals, stockMs: stock, medianRatio: ratio })}\n`);
} else {
  const lines = [
    `One iteration of rows-large, batch ${options.batch}, ${options.rounds} rounds, interleaved, milliseconds`,
    machine,
    '',
    `${''.padEnd(28)}${' median    min    max images/s'}`,
    row('lstm-gan, graph engine', totals, options.batch),
    row('  in native calls', own.map(({ unitsMs }) => unitsMs), options.batch),
    row('  sum, Adam, averages', own.map(({ updateMs }) => updateMs), options.batch),
    row('stock tfjs layers', stock, options.batch),
    '',
    `lstm-gan is ${ratio.toFixed(2)} times as fast (median of the rounds' ratios)`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
