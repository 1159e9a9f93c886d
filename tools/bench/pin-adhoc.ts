import os from 'node:os';
import { presets, type Preset } from '@lstm-gan/core';
import { defaultCacheDir, loadNativeArithmetic, locateTensorFlow } from '@lstm-gan/engine';
import { createRunConfig, median } from '@lstm-gan/run';
import { startPacedRun } from './paced-run.ts';
const [name, batch, rounds, per] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const cacheDir = defaultCacheDir(process.env, os.homedir());
const arithmetic = loadNativeArithmetic((await locateTensorFlow(cacheDir, 'cpu'))!, 2);
const config = createRunConfig(presets.get(name) as Preset, { batchSize: 2 * batch, shardSize: Math.min(16, batch) });
const open = (cores: (number|undefined)[]) => startPacedRun({ config, arithmetic, cacheDir, cores, turns: rounds + 2, stepsPerTurn: per });
const [free, pinned] = [open([undefined, undefined]), open([0, 1])];
const f: number[] = [], p: number[] = [];
for (let r = -2; r < rounds; r++) {
  const a = (await free.next()).map((m) => m.stepMs), b = (await pinned.next()).map((m) => m.stepMs);
  if (r >= 0) { f.push(median(a)); p.push(median(b)); }
}
console.log(name, batch, 'free', median(f).toFixed(1), 'pinned', median(p).toFixed(1), 'ratio', median(f.map((x, i) => x / p[i])).toFixed(3), f.map((x, i) => (x / p[i]).toFixed(2)).join(' '));
await free.finish(); await pinned.finish();
