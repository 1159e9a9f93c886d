/** Chooses the network whose features are compared: `--network`, or the classifier of the data. */
import { stat } from 'node:fs/promises';
import { nearestName, UserError } from '@lstm-gan/core/errors';
import type { Dataset } from '@lstm-gan/data';
import type { Engine } from '@lstm-gan/engine';
import {
  checkLabels,
  classifierName,
  classifierSize,
  efficientnetName,
  findOwnNetwork,
  openClassifier,
  openEfficientnet,
  openOwnNetwork,
  pixelRanges,
  prepareEfficientnet,
  type FeatureNetwork,
  type PixelRange,
} from '@lstm-gan/evaluation';
import { Option, type Command } from 'commander';

export interface NetworkOptions {
  readonly network?: string;
  readonly networkRange?: PixelRange;
}

type OnProgress = (activity: string, done: number, total: number) => void;

/** What opening a network needs. */
interface NetworkNeeds {
  readonly cacheDir: string;
  readonly threads: number;
  readonly engine: Engine;
  /** Opens the real images with another size. */
  openData(size: number): Promise<Dataset>;
  readonly onProgress: OnProgress;
}

/** A network that was chosen and is not open yet. */
export interface ChosenNetwork {
  /** The options that choose it again. */
  readonly parameters: readonly string[];
  /** Its name in the metrics of a data set. Throws a UserError if it cannot be used for the data. */
  nameFor(dataset: Pick<Dataset, 'name' | 'count' | 'labels'>): string;
  /** Fetches what it needs and the cache lacks. Throws a UserError if it cannot be had. */
  prepare(cacheDir: string, onProgress: OnProgress): Promise<void>;
  open(needs: NetworkNeeds): Promise<FeatureNetwork>;
}

const defaultRange: PixelRange = '-1..1';

export function addNetwork(command: Command): Command {
  return command
    .option(
      '--network <name|file>',
      `compare features of ${efficientnetName}, or of a SavedModel or tfjs network of your own ` +
        '(default: a classifier that is trained on the data)',
    )
    .addOption(
      new Option(
        '--network-range <range>',
        `pixels that your own network takes (default: ${JSON.stringify(defaultRange)})`,
      ).choices(Object.keys(pixelRanges)),
    );
}

/** Throws a UserError if there is no such network. */
export async function chooseNetwork({ network, networkRange }: NetworkOptions): Promise<ChosenNetwork> {
  const isOwn = network !== undefined && network !== efficientnetName;
  if (networkRange !== undefined && !isOwn) {
    throw new UserError({
      code: 'usage',
      message: '--network-range says which pixels a network of your own takes, and there is none.',
      advice: 'Name it with --network, or leave the range out.',
    });
  }
  if (network === undefined) return dataClassifier;
  return isOwn ? ownNetwork(network, networkRange ?? defaultRange) : efficientnet;
}

/** The classifier has a seed of its own, so that evaluations with different --seed can be compared. */
const classifierSeed = 1;

const dataClassifier: ChosenNetwork = {
  parameters: [],
  nameFor(dataset) {
    checkLabels(dataset);
    return classifierName(dataset);
  },
  prepare: () => Promise.resolve(),
  async open({ openData, onProgress, ...needs }) {
    const images = await openData(classifierSize);
    try {
      return await openClassifier(images, {
        ...needs,
        seed: classifierSeed,
        onProgress: (done, total) => onProgress('classifier trained, step', done, total),
      });
    } finally {
      images.close();
    }
  },
};

const onDownload =
  (onProgress: OnProgress) =>
  (done: number, total: number): void =>
    onProgress(`kilobytes of ${efficientnetName} fetched`, Math.round(done / 1e3), Math.round(total / 1e3));

const efficientnet: ChosenNetwork = {
  parameters: ['--network', efficientnetName],
  nameFor: () => efficientnetName,
  prepare: (cacheDir, onProgress) => prepareEfficientnet({ cacheDir, onDownload: onDownload(onProgress) }),
  open: ({ engine, cacheDir, onProgress }) =>
    openEfficientnet(engine, { cacheDir, onDownload: onDownload(onProgress) }),
};

async function ownNetwork(place: string, range: PixelRange): Promise<ChosenNetwork> {
  await refuseUnknownName(place);
  const found = await findOwnNetwork(place, range);
  return {
    parameters: ['--network', place, '--network-range', range],
    nameFor: () => found.name,
    prepare: () => Promise.resolve(),
    open: ({ cacheDir, threads }) => openOwnNetwork(found, { cacheDir, threads }),
  };
}

async function refuseUnknownName(place: string): Promise<void> {
  if ((await stat(place).catch(() => undefined)) !== undefined) return;
  const isNear = nearestName(place, [efficientnetName]) !== undefined;
  throw new UserError({
    code: 'no-network',
    message: `There is no network ${place}, and no file or folder of that name.`,
    advice: isNear
      ? `Did you mean --network ${efficientnetName}?`
      : `Give ${efficientnetName}, a folder with a SavedModel, or a model.json of tfjs.`,
  });
}
