/**
 * `plain-loop-process.ts PRESET IMAGES SHARD-SIZE THREADS`: the plain loop as a stepping process. It runs one iteration
 * for every line on standard input, and answers with three times in milliseconds: of the iteration, of everything
 * except the updates, and of the updates.
 */
import os from 'node:os';
import { createInterface } from 'node:readline';
import { presets, type Preset } from '@lstm-gan/core';
import { defaultCacheDir, openEngine } from '@lstm-gan/engine';
import { createRunConfig } from '@lstm-gan/run';
import { createPlainLoop } from './plain-loop.ts';

const [name, ...numbers] = process.argv.slice(2);
const [images, shardSize, threads] = numbers.map(Number);
const preset = presets.get(name) as Preset;
const engine = await openEngine('graph', {
  threads,
  device: 'cpu',
  cacheDir: defaultCacheDir(process.env, os.homedir()),
});
const { size, channels } = preset.model.image;
const loop = await createPlainLoop(engine, createRunConfig(preset, { batchSize: images, shardSize }));
const pixels = Uint8Array.from({ length: images * size * size * channels }, (_, i) => (i * 2654435761) >>> 24);
process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) {
  const { totalMs, unitsMs, updateMs } = await loop.step(pixels);
  process.stdout.write(`${totalMs} ${unitsMs} ${updateMs}\n`);
}
await engine.close();
