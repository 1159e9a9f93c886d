import type { ImageShape } from '@lstm-gan/core';
import type { Labels, LeftOut } from './dataset.ts';

/** A data set that is being decoded: its pixels come as a stream, and are packed into a file. */
export interface DecodedImages {
  /** Each part is uint8 [k, size, size, channels], with any number k of images. */
  readonly pixels: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Labels and left-out files. They are complete only after all pixels have been read. */
  summary(): { readonly labels?: Labels; readonly leftOut?: readonly LeftOut[] };
}

/** A data set that can be downloaded by its name. */
export interface DatasetSource {
  readonly name: string;
  readonly description: string;
  /**
   * Downloads the images and converts them to a shape: `size` x `size` pixels, gray or RGB. Calls `onProgress` with the
   * number of images done.
   */
  decode(
    shape: ImageShape,
    scratchDir: string,
    onProgress: (done: number, total: number) => void,
  ): Promise<DecodedImages>;
}
