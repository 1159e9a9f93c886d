/**
 * What training needs of a data set. A data set is decoded and packed once (packed-dataset.ts); after that its images
 * are read synchronously. An image is uint8 [H, W, C], row by row.
 */
export interface Labels {
  readonly names: readonly string[];
  readonly values: Uint16Array;
}

/** A file that could not be used. */
export interface LeftOut {
  readonly file: string;
  readonly reason: string;
}

/** A data set that was opened, and its packed file. */
export interface PackedDataset {
  readonly dataset: Dataset;
  readonly file: string;
  /** Whether the file was there before. */
  readonly wasPacked: boolean;
}

/** Images that training reads by number. All have the same shape. */
export interface Dataset {
  readonly name: string;
  /** The number of images. */
  readonly count: number;
  /** Width and height in pixels. */
  readonly size: number;
  /** 1 is gray, 3 RGB. */
  readonly channels: number;
  /** SHA-256 of the decoded pixels in order, hexadecimal: part of a run's identity. */
  readonly digest: string;
  /** What the images show, if known: image i shows `names[values[i]]`. */
  readonly labels?: Labels;
  /** Files that could not be read and are therefore not in the data set; at most the first 10,000. */
  readonly leftOut: readonly LeftOut[];
  /**
   * Copies images into `into`, in the order of `indices`; `into` has `indices.length * size * size * channels` bytes.
   */
  read(indices: ArrayLike<number>, into: Uint8Array): void;
  /** Closes the packed file. A second call does nothing. */
  close(): void;
}
