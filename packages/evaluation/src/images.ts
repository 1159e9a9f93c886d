import { assert } from '@lstm-gan/core/errors';

/** Images of one shape: uint8 [count, size, size, channels]. */
export interface Images {
  readonly pixels: Uint8Array;
  readonly count: number;
  /** Width and height in pixels. */
  readonly size: number;
  /** 1 is gray, 3 RGB. */
  readonly channels: 1 | 3;
}

/** The shape of images that a network takes. */
export type ImagesShape = Pick<Images, 'size' | 'channels'>;

/** Images `first` to `last - 1`: a view, not a copy. */
export function imagesBetween(images: Images, first: number, last: number): Images {
  const bytes = images.size * images.size * images.channels;
  assert(first <= last && last <= images.count, `there are images ${first} to ${last}`);
  return { ...images, count: last - first, pixels: images.pixels.subarray(first * bytes, last * bytes) };
}

/**
 * Scales images to another size (Lanczos 3, with the low-pass filter that reducing needs), and makes gray RGB or RGB
 * gray. Images that have the shape already are returned as they are. The choice of the filter changes distances: see
 * Parmar, Zhang & Zhu, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation" (2022).
 */
export async function scaleImages(images: Images, { size, channels }: ImagesShape): Promise<Images> {
  if (images.size === size && images.channels === channels) return images;
  const { default: sharp } = await import('sharp');
  const pixels = new Uint8Array(images.count * size * size * channels);
  const raw = { width: images.size, height: images.size, channels: images.channels };
  for (let index = 0; index < images.count; index++) {
    const scaled = sharp(imagesBetween(images, index, index + 1).pixels, { raw })
      .resize(size, size, { kernel: 'lanczos3' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb');
    pixels.set(await scaled.raw().toBuffer(), index * size * size * channels);
  }
  return { pixels, count: images.count, size, channels };
}
