/**
 * `stock-layers-process.ts PRESET IMAGES THREADS`: stock tfjs layers as a stepping process. It runs one iteration for
 * every line on standard input, and answers with the milliseconds of that iteration.
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { presets, type Preset } from '@lstm-gan/core';
import { defaultCacheDir, openEngine } from '@lstm-gan/engine';
import { createStockModel } from './stock-layers.ts';

const [name, ...numbers] = process.argv.slice(2);
const [images, threads] = numbers.map(Number);
const { model } = presets.get(name) as Preset;
// Opening the engine makes tfjs-node the current backend, which the model then uses.
await openEngine('eager', { threads, device: 'cpu', cacheDir: defaultCacheDir(process.env, os.homedir()) });
const stock = createStockModel(model, images);
const { size, channels } = model.image;
const pixels = Uint8Array.from({ length: images * size * size * channels }, (_, i) => (i * 2654435761) >>> 24);
process.stdout.write('stock tfjs layers\n');
for await (const _ of createInterface(process.stdin)) {
  const startMs = performance.now();
  stock.step(pixels);
  process.stdout.write(`${performance.now() - startMs}\n`);
}
