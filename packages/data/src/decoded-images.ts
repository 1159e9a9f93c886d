import type { Labels, LeftOut } from './dataset.ts';

/** A data set between decoding and packing. */
export interface DecodedImages {
  /** uint8 [k, size, size, channels], any number of images at a time. */
  readonly pixels: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** What is known once all pixels were taken. */
  summary(): { readonly labels?: Labels; readonly leftOut?: readonly LeftOut[] };
}

/** What every image of a data set is made into: `size` x `size` pixels, gray or RGB. */
export interface ImageShape {
  readonly size: number;
  readonly channels: 1 | 3;
}

/** What a data set is made from. */
export interface DatasetSource {
  readonly name: string;
  readonly description: string;
  /** Makes the images in a shape; `onProgress` hears how many are done. */
  decode(
    shape: ImageShape,
    scratchDir: string,
    onProgress: (done: number, total: number) => void,
  ): Promise<DecodedImages>;
}
