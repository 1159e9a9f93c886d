import { availableParallelism, constants, getPriority, setPriority } from 'node:os';
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
import { createProgressDisplay, provisionWithProgress } from '@lstm-gan/command-line/terminal';
import { UserError } from '@lstm-gan/core/errors';
import { openDataset, type Dataset } from '@lstm-gan/data';
import { openEngine } from '@lstm-gan/engine';
import { evaluateSamples, parseNumberNames, rememberFeatures, type Evaluation } from '@lstm-gan/evaluation';
import { appendMetric } from '@lstm-gan/run';
import { Option, type Command } from 'commander';
import { addNetwork, chooseNetwork, type NetworkOptions } from '../evaluate/choose-network.ts';
import { openSampleSource, type SampleSource } from '../evaluate/evaluated-images.ts';
import { evaluationReport, evaluationText, type Evaluated } from '../evaluate/evaluation-report.ts';
import { readSome } from '../evaluate/read-some.ts';
import { checkClasses, shareClasses } from '../evaluate/share-classes.ts';
import { addModelOfRun, loadNetworksOf } from '../run-of-place.ts';

interface EvaluateOptions extends CacheOptions, ModelOptions, NetworkOptions {
  readonly data?: string;
  readonly samples: number;
  readonly metrics?: string;
  readonly perClass?: boolean;
  readonly lowPriority?: boolean;
  readonly seed: number;
  readonly json?: boolean;
}

const examples = `
Examples:
  $ lstm-gan evaluate runs/digits
  $ lstm-gan evaluate runs/digits/checkpoints/step-00001400.safetensors --samples 1000
  $ lstm-gan evaluate runs/digits --json | jq .results.fd2k_digits
  $ lstm-gan evaluate runs/digits --metrics fd2k,coverage   # only these measures
  $ lstm-gan evaluate images --data digits                 # a folder of pictures, as sample --out-dir writes it
  $ lstm-gan evaluate runs/conditional --per-class         # a conditional run: also each class by itself
  $ lstm-gan evaluate runs/photos --network efficientnet-lite0   # images without labels`;

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure how good and how varied samples are')
    .argument('<run>', 'run folder, checkpoint file, or folder of pictures')
    .option('--data <name|folder>', 'the real images to compare with (default: those that the run was trained on)')
    .option('--samples <images>', 'how many samples, and as many real images', positiveInteger, 2000)
    .addOption(
      new Option('--metrics <names>', 'only these, such as fd2k,coverage (default: all), with their samples').conflicts(
        'samples',
      ),
    )
    .option('--per-class', 'compare the samples of each class with its real images, too')
    .option('--low-priority', 'leave the processors to other programs')
    .option('--seed <number>', 'seed of the noise and of the choice of real images', seed, 1)
    .option('--json', 'print one line of JSON instead of text')
    .addHelpText('after', examples);
  addNetwork(command);
  addCacheDir(addModelOfRun(command)).action(evaluate);
}

/** With the lowest priority of all, an evaluation on a busy machine would never end. */
const lowPriority = constants.priority.PRIORITY_BELOW_NORMAL;
/** Fewer images say nothing. */
const fewestImages = 10;

async function evaluate(place: string, options: EvaluateOptions): Promise<void> {
  const numbers = options.metrics === undefined ? undefined : parseNumberNames(options.metrics);
  const wanted = numbers?.[0].samples ?? options.samples;
  const chosen = await chooseNetwork(options);
  // Threads that start later, those of TensorFlow too, get the priority of the thread that starts them.
  if (options.lowPriority === true && getPriority() < lowPriority) setPriority(lowPriority);
  await loadNetworksOf(place, options);
  const cacheDir = cacheDirOf(options);
  const threads = availableParallelism();
  const now = () => performance.now();
  await provisionWithProgress(cacheDir, 'cpu', now);
  const display = createProgressDisplay('Evaluating:', process.stderr, now);
  const onProgress = (activity: string, done: number, total: number): void =>
    display.update(done, total, `${activity}, ${done} of ${total}`);
  const source = await openSampleSource(place, {
    seed: options.seed,
    cacheDir,
    threads,
    onPacking: (done, total) => onProgress('pictures packed', done, total),
  });
  const opened: { close(): void | Promise<void> }[] = [source];
  try {
    const data = dataOf(source, options);
    const openData = (size: number): Promise<Dataset> =>
      openDataset(data, {
        cacheDir,
        size,
        channels: source.channels,
        onProgress: (done, total) => onProgress(`images of ${data} packed`, done, total),
      });
    const real = await openData(source.size);
    opened.push(real);
    chosen.nameFor(real);
    if (options.perClass === true) checkClasses(source, real);
    const count = countOf(wanted, source, real);
    const engine = await openEngine('graph', { cacheDir, threads, device: 'cpu' });
    opened.push(engine);
    const network = await chosen.open({ cacheDir, threads, engine, openData, onProgress });
    const samples = await source.draw(count, (done) => onProgress('samples drawn', done, count));
    const realImages = readSome(real, count, options.seed);
    const realFeatures = await rememberFeatures(realImages, network, cacheDir, (done) =>
      onProgress('features of real images', done, count),
    );
    const evaluation = await evaluateSamples(samples, realFeatures, network, {
      ...(numbers && { measures: numbers.map(({ measure }) => measure) }),
      ...(options.perClass === true && { labels: shareClasses(samples, realImages) }),
      seed: options.seed,
      now,
      onProgress,
    });
    display.stop();
    const evaluated: Evaluated = { source, real, network, count, seed: options.seed, evaluation };
    const lines = options.json === true ? [JSON.stringify(evaluationReport(evaluated))] : evaluationText(evaluated);
    process.stdout.write(`${lines.join('\n')}\n`);
    await writeMetrics(source, evaluation, Date.now() / 1000);
  } finally {
    display.stop();
    for (const thing of opened.reverse()) await thing.close();
  }
}

function dataOf({ data }: SampleSource, options: EvaluateOptions): string {
  const named = options.data ?? data;
  if (named !== undefined) return named;
  throw new UserError({
    code: 'usage',
    message: 'A folder of pictures does not say which images it is to be compared with.',
    advice: 'Name them with --data: a data set, or a folder of images.',
  });
}

/** How many samples are compared with as many real images. */
function countOf(wanted: number, source: SampleSource, real: Dataset): number {
  const count = Math.min(wanted, source.most, real.count);
  if (count < fewestImages) {
    throw new UserError({
      code: 'too-few-images',
      message: `${count} images are too few for a comparison: at least ${fewestImages} are needed.`,
      advice:
        count === wanted ? 'Ask for more with --samples.' : 'Give more pictures, and a data set with more images.',
    });
  }
  return count;
}

/** Appends the metrics to the files of the run that drew the samples, if there is one. */
async function writeMetrics(
  { checkpoint }: SampleSource,
  { metrics, perClass }: Evaluation,
  timestamp: number,
): Promise<void> {
  if (checkpoint?.root === undefined) return;
  const { root, file, step, images } = checkpoint;
  for (const { name, results, elapsedMs } of [...metrics, ...(perClass === undefined ? [] : [perClass])]) {
    await appendMetric(root, {
      results,
      metric: name,
      total_time: elapsedMs / 1000,
      snapshot: path.relative(root, file),
      step,
      images,
      timestamp,
    });
  }
}
