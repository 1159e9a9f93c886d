import { createHash } from 'node:crypto';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { openSavedNetwork, readNetworkFiles, type NetworkFiles } from '@lstm-gan/engine';
import type { FeatureNetwork } from './feature-network.ts';
import { inBatches } from './in-batches.ts';

/** The ranges of numbers that networks take for the pixels 0 to 255. */
export const pixelRanges = { '0..255': [0, 255], '0..1': [0, 1], '-1..1': [-1, 1] } as const;

/** The range of numbers that a network takes for pixels. */
export type PixelRange = keyof typeof pixelRanges;

/** A user's network before it is opened. */
export interface OwnNetworkFiles {
  /** Where it is, as the user wrote it. */
  readonly place: string;
  /** Its name in metrics: the name of its file or folder, and a short hash of its content and of the range. */
  readonly name: string;
  readonly range: PixelRange;
  readonly files: NetworkFiles;
}

const defaultBatch = 32;
/** More features make the matrices of the measures too large. */
const mostFeatures = 4096;
const longestName = 40;

/** Finds a user's network. Throws a UserError if there is none. */
export async function findOwnNetwork(place: string, range: PixelRange): Promise<OwnNetworkFiles> {
  const files = await readNetworkFiles(place);
  const { dir, base, name } = path.parse(path.resolve(place));
  const said = base === 'model.json' ? path.basename(dir) : base.endsWith('.json') ? name : base;
  const printable = said.replaceAll(/[^\w.-]+/g, '-').slice(0, longestName);
  const hash = createHash('sha256').update(`${files.sha256} ${range}`).digest('hex');
  return { place, name: `${printable}-${hash.slice(0, 8)}`, range, files };
}

/** Opens a user's network as a feature network. Throws a UserError if it takes no images. */
export async function openOwnNetwork(
  { place, name, range, files }: OwnNetworkFiles,
  options: { readonly cacheDir: string; readonly threads: number },
): Promise<FeatureNetwork> {
  const { size, channels, batch = defaultBatch, run } = await openSavedNetwork(place, files, options);
  if (size !== undefined && size[0] !== size[1]) {
    throw new UserError({
      code: 'network-not-usable',
      message: `The network ${place} cannot be used: its images have ${size[1]}x${size[0]} pixels, and ours are square.`,
      advice: 'Give a network that takes square images.',
    });
  }
  const [low, high] = pixelRanges[range];
  return {
    name,
    description: `the network ${place}, which gets pixels as numbers ${range}`,
    key: createHash('sha256').update(`${files.sha256} ${range}`).digest('hex'),
    async compute(images, onDone) {
      const shape = { size: size?.[0] ?? images.size, channels };
      const runBatch = async (pixels: Uint8Array) => {
        const values = Float32Array.from(pixels, (pixel) => low + (pixel * (high - low)) / 255);
        const features = await run(values, batch, [shape.size, shape.size]);
        checkFeatures(place, features, features.length / batch);
        return { features };
      };
      const { features } = await inBatches(images, shape, batch, runBatch, onDone);
      return { values: features, width: features.length / images.count };
    },
  };
}

function checkFeatures(place: string, features: Float32Array, width: number): void {
  const isFinite = features.every(Number.isFinite);
  if (isFinite && width >= 1 && width <= mostFeatures) return;
  throw new UserError({
    code: 'network-not-usable',
    message: isFinite
      ? `The network ${place} cannot be used: it returns ${width} features of an image; 1 to ${mostFeatures} are compared.`
      : `The network ${place} cannot be used: it returns numbers that are not finite.`,
    advice: isFinite
      ? 'Give a network that ends with the means of its last map (global average pooling).'
      : 'Check that --network-range is the range of pixels that it was trained on.',
  });
}
