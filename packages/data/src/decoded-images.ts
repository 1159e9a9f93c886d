import type { Labels } from './dataset.ts';

/** A data set between decoding and packing: uint8 images [count, size, size, channels]. */
export interface DecodedImages {
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly labels?: Labels;
}

/** What a data set is made from. */
export interface DatasetSource {
  readonly name: string;
  readonly description: string;
  /** Makes the images at a size; `onProgress` hears how many are done. */
  decode(shape: { size: number; channels: 1 | 3 }, scratchDir: string, onProgress: (done: number, total: number) => void): Promise<DecodedImages>;
}
