import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { UserError } from '@lstm-gan/core';
import { readCheckpoint, readLatestCheckpoint, renderGrid, renderImages, writeAtomically, type Checkpoint } from '@lstm-gan/run';
import type { Command } from 'commander';
import { positiveInteger, seed } from '../option-values.ts';
import { setUp } from '../set-up.ts';
import { openSampler } from '../train/sampler.ts';
import { addCacheDir, cacheDirOf, type CacheOptions } from './cache-dir-option.ts';

interface SampleOptions extends CacheOptions {
  readonly out?: string;
  readonly outDir?: string;
  readonly count: number;
  readonly seed: number;
}

const examples = `
Examples:
  $ lstm-gan sample runs/digits --out grid.png
  $ lstm-gan sample runs/digits --out-dir images --count 1000 --seed 7
  $ lstm-gan sample runs/digits/checkpoints/step-00002000.safetensors --out grid.png`;

export function addSample(program: Command): void {
  const command = program
    .command('sample')
    .description("draw images from a run's averaged generator")
    .argument('<run>', 'run folder, or a checkpoint file')
    .option('--out <file>', 'write one PNG with a grid')
    .option('--out-dir <folder>', 'write one PNG for each image')
    .option('--count <images>', 'how many images', positiveInteger, 64)
    .option('--seed <number>', 'seed of the noise', seed, 1)
    .addHelpText('after', examples);
  addCacheDir(command).action(sample);
}

async function sample(run: string, options: SampleOptions): Promise<void> {
  const { out, outDir, count } = options;
  if ((out === undefined) === (outDir === undefined)) {
    throw new UserError({ code: 'usage', message: 'Images go to --out FILE or to --out-dir FOLDER, one of the two.', advice: 'See lstm-gan sample --help.' });
  }
  const { config, state } = await findCheckpoint(run);
  const cacheDir = cacheDirOf(options);
  await setUp(cacheDir, 'cpu', () => performance.now());
  const sampler = await openSampler(config.model, { count, seed: options.seed, cacheDir });
  const images = await sampler.sample(state.ema).finally(() => sampler.close());
  if (out !== undefined) {
    await writeAtomically(out, [await renderGrid(images, config.model.image)]);
    process.stdout.write(`${count} images in ${out}\n`);
    return;
  }
  const folder = outDir as string;
  await mkdir(folder, { recursive: true });
  for (const [index, picture] of renderImages(images, config.model.image).entries()) {
    await writeAtomically(path.join(folder, `${String(index).padStart(6, '0')}.png`), [await picture]);
  }
  process.stdout.write(`${count} images in ${folder}\n`);
}

async function findCheckpoint(run: string): Promise<Checkpoint> {
  const isFolder = await stat(run).then((entry) => entry.isDirectory(), () => false);
  if (!isFolder) return readCheckpoint(run);
  const onDamaged = (file: string, error: Error): void => void process.stderr.write(`${file} is passed over: ${error.message}\n`);
  return (await readLatestCheckpoint(path.join(run, 'checkpoints'), onDamaged)).checkpoint;
}
