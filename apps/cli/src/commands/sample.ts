import { stat } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  addCacheDir,
  cacheDirOf,
  positiveInteger,
  seed,
  type CacheOptions,
  type ModelOptions,
} from '@lstm-gan/command-line';
import { provisionWithProgress } from '@lstm-gan/command-line/terminal';
import { UserError } from '@lstm-gan/core/errors';
import { openSampler } from '@lstm-gan/coordinator/program';
import {
  animateGrids,
  checkFolderOf,
  checkpointsOf,
  pictureFormat,
  readCheckpoint,
  readCheckpointOfStep,
  readLatestCheckpoint,
  renderGrid,
  renderImages,
  runOfFolder,
  type Checkpoint,
  type PictureFormat,
} from '@lstm-gan/run';
import { explainWriteError, makeFolder } from '@lstm-gan/system';
import { Option, type Command } from 'commander';
import { addModelOfRun, loadNetworksOf } from '../run-of-place.ts';
import { bestStep } from '../sample/best-step.ts';
import { chooseSamples, type SampleChoice } from '../sample/choose-samples.ts';
import { isDevice, writeOutput } from '../write-output.ts';

interface SampleOptions extends CacheOptions, ModelOptions, SampleChoice {
  readonly step?: number;
  readonly best?: string;
  readonly out?: string;
  readonly outDir?: string;
  readonly animation?: string;
}

const examples = `
Examples:
  $ lstm-gan sample runs/digits --out grid.png                        # or .jpg, .webp
  $ lstm-gan sample runs/digits --out-dir images --count 1000 --seed 7
  $ lstm-gan sample runs/digits --step 1400 --out grid.png             # an earlier checkpoint, if it is kept
  $ lstm-gan sample runs/digits --best fd2k --out grid.png             # the best of train --metrics fd2k
  $ lstm-gan sample runs/digits/checkpoints/step-00001400.safetensors --out grid.png
  $ lstm-gan sample runs/digits --out between.png --interpolate 12    # 8 rows, each from one noise to another
  $ lstm-gan sample runs/conditional --out sevens.png --class 7
  $ lstm-gan sample runs/conditional --out between.png --class 3 --to-class 8 --interpolate 12
  $ lstm-gan sample runs/digits --animation training.gif              # the run's sample grids, in order`;

export function addSample(program: Command): void {
  const command = program
    .command('sample')
    .description("draw images from a run's averaged generator")
    .argument('<run>', 'run folder, or a checkpoint file')
    .option('--step <number>', "draw from the run's checkpoint of this step (default: the newest)", positiveInteger)
    .addOption(
      new Option(
        '--best <metric>',
        'draw from the kept checkpoint with the best value of a number of --metrics, such as fd2k, or of the loss of --stop-when',
      ).conflicts('step'),
    )
    .option('--out <file>', 'write one grid, .png, .jpg or .webp')
    .option('--out-dir <folder>', 'write one PNG for each image')
    .option('--animation <file>', "write the run's own sample grids as an animation, .gif or .webp")
    .option(
      '--count <images>',
      'how many images (default: 64), or with --interpolate how many rows (default: 8)',
      positiveInteger,
    )
    .option(
      '--interpolate <images>',
      'draw rows of this number of images, each row from one noise to another',
      positiveInteger,
    )
    .option('--class <name>', 'draw only images of this class; the names are those of the class folders')
    .option('--to-class <name>', 'with --class and --interpolate: rows of one noise each, from one class to the other')
    .option('--seed <number>', 'seed of the noise', seed, 1)
    .addHelpText('after', examples);
  addCacheDir(addModelOfRun(command)).action(sample);
}

async function sample(run: string, options: SampleOptions): Promise<void> {
  const { out, outDir, animation } = options;
  if ([out, outDir, animation].filter((target) => target !== undefined).length !== 1) {
    throw new UserError({
      code: 'usage',
      message: 'Images go to --out FILE, to --out-dir FOLDER or to --animation FILE, one of the three.',
      advice: 'See lstm-gan sample --help.',
    });
  }
  if (animation !== undefined) return animate(run, animation, options);
  const format = await checkTarget(options);
  await loadNetworksOf(run, options);
  const { config, state } = await findCheckpoint(run, options);
  const cacheDir = cacheDirOf(options);
  await provisionWithProgress(cacheDir, 'cpu', () => performance.now());
  const { noise, classes, columns } = chooseSamples(config, options);
  const sampler = await openSampler(config, { noise, classes, cacheDir });
  const images = await sampler.sample(state.ema).finally(() => sampler.close());
  const count = noise.length / config.model.latent;
  if (out !== undefined) {
    await writeOutput(out, await renderGrid(images, config.model.image, { columns, format }));
    // The picture itself may have gone to standard output.
    ((await isDevice(out)) ? process.stderr : process.stdout).write(`${count} images in ${out}\n`);
    return;
  }
  await writeImages(outDir as string, renderImages(images, config.model.image));
  process.stdout.write(`${count} images in ${outDir}\n`);
}

/**
 * Checks where images go before they are drawn: a wrong name or folder is a mistake of the command line. Returns the
 * format of --out.
 */
async function checkTarget({ out, outDir }: SampleOptions): Promise<PictureFormat | undefined> {
  if (outDir !== undefined) await makeOutDir(outDir);
  if (out === undefined) return undefined;
  if (await isDevice(out)) return pictureFormat(out) ?? 'png';
  const format = pictureFormat(out);
  if (format === undefined) {
    throw new UserError({
      code: 'usage',
      message: `A grid is written as .png, .jpg or .webp; got --out ${out}.`,
      advice: 'Give the file one of these endings, or write one PNG for each image with --out-dir FOLDER.',
    });
  }
  await checkFolderOf(out);
  return format;
}

async function makeOutDir(folder: string): Promise<void> {
  await makeFolder(folder).catch((error: unknown) => {
    throw explainWriteError(folder, error, 'Choose another folder with --out-dir.');
  });
  await checkFolderOf(path.join(folder, '000000.png'));
}

async function writeImages(folder: string, pictures: readonly Promise<Buffer>[]): Promise<void> {
  for (const [index, picture] of pictures.entries()) {
    await writeOutput(path.join(folder, `${String(index).padStart(6, '0')}.png`), await picture);
  }
}

async function animate(run: string, out: string, options: SampleOptions): Promise<void> {
  const { count, interpolate, step, class: only, toClass } = options;
  const format = ({ '.gif': 'gif', '.webp': 'webp' } as const)[path.extname(out).toLowerCase()];
  if (format === undefined || [count, interpolate, step, only, toClass].some((option) => option !== undefined)) {
    throw new UserError({
      code: 'usage',
      message:
        format === undefined
          ? `An animation is a .gif or a .webp; got --animation ${out}.`
          : 'An animation shows the grids that training drew: --count, --interpolate, --step, --class and --to-class do not change it.',
      advice: format === undefined ? 'Give the file one of these endings.' : 'Leave them out.',
    });
  }
  await checkFolderOf(out);
  const { picture, frames } = await animateGrids(path.join(runOfFolder(run), 'samples'), format);
  await writeOutput(out, picture);
  process.stdout.write(`${frames} grids in ${out}\n`);
}

async function findCheckpoint(run: string, { step, best }: SampleOptions): Promise<Checkpoint> {
  const isFolder = await stat(run).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const checkpoints = checkpointsOf(runOfFolder(run));
  if (best !== undefined) return readCheckpointOfStep(checkpoints, await bestStep(runOfFolder(run), best));
  if (step !== undefined) return readCheckpointOfStep(isFolder ? checkpoints : path.dirname(run), step);
  if (!isFolder) return readCheckpoint(run);
  const onDamaged = (file: string, error: Error): void =>
    void process.stderr.write(`${file} is passed over: ${error.message}\n`);
  return (await readLatestCheckpoint(checkpoints, onDamaged)).checkpoint;
}
