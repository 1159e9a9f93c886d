// Only the type: sharp is loaded when the first picture is drawn, because workers draw none.
import type { Sharp } from 'sharp';
import type { ImageShape } from '@lstm-gan/core';
import type { PictureFormat } from './picture-format.ts';

/** [-1, 1] to 0..255: 127.5 x + 127.5, rounded and clipped. */
export function toPixels(images: Float32Array): Uint8Array {
  return Uint8Array.from(images, (value) => Math.min(255, Math.max(0, Math.round(127.5 * value + 127.5))));
}

/** How each format is written: without loss, or so that the loss is hardly seen. */
const encodings = { png: {}, webp: { lossless: true }, jpeg: { quality: 95, chromaSubsampling: '4:4:4' } } as const;

/**
 * A picture of images in rows, with thin white lines between them. Images of less than 64 pixels are drawn at double
 * size.
 * @param images [count, size, size, channels] in [-1, 1]
 * @param columns images in a row; by default about as many as there are rows
 * @param format by default PNG
 */
export async function renderGrid(
  images: Float32Array,
  { size, channels }: ImageShape,
  { columns, format = 'png' }: { readonly columns?: number; readonly format?: PictureFormat } = {},
): Promise<Buffer> {
  const pixels = toPixels(images);
  const imageBytes = size * size * channels;
  const count = pixels.length / imageBytes;
  const perRow = columns ?? Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / perRow);
  const gap = 2;
  const [width, height] = [perRow * (size + gap) + gap, rows * (size + gap) + gap];
  const canvas = new Uint8Array(width * height * channels).fill(255);
  for (let index = 0; index < count; index++) {
    const left = gap + (index % perRow) * (size + gap);
    const top = gap + Math.floor(index / perRow) * (size + gap);
    for (let y = 0; y < size; y++) {
      const row = pixels.subarray(
        index * imageBytes + y * size * channels,
        index * imageBytes + (y + 1) * size * channels,
      );
      canvas.set(row, ((top + y) * width + left) * channels);
    }
  }
  const picture = await encoder(canvas, { width, height, channels });
  if (size < 64) picture.resize(width * 2, height * 2, { kernel: 'nearest' });
  return picture.toFormat(format, encodings[format]).toBuffer();
}

/** One PNG for each image. */
export function renderImages(images: Float32Array, { size, channels }: ImageShape): Promise<Buffer>[] {
  const pixels = toPixels(images);
  const imageBytes = size * size * channels;
  return Array.from({ length: pixels.length / imageBytes }, async (_, index) => {
    const image = pixels.slice(index * imageBytes, (index + 1) * imageBytes);
    return (await encoder(image, { width: size, height: size, channels })).png().toBuffer();
  });
}

/** Keeps gray images gray: by default, sharp turns one channel into three equal channels. */
async function encoder(pixels: Uint8Array, raw: { width: number; height: number; channels: 1 | 3 }): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  return sharp(pixels, { raw }).toColourspace(raw.channels === 1 ? 'b-w' : 'srgb');
}
