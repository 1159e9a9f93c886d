/**
 * A data set is decoded once, packed, and from then on read without waiting. Images are uint8 [H, W, C], row by row.
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

/** Images that training reads by number, uint8 [H, W, C] each, all of one shape. */
export interface Dataset {
  readonly name: string;
  /** How many images. */
  readonly count: number;
  /** Pixels on a side. */
  readonly size: number;
  /** 1 is gray, 3 RGB. */
  readonly channels: number;
  /** SHA-256 of the decoded pixels in order, hexadecimal: part of a run's identity. */
  readonly digest: string;
  /** What the images show, where that is known: `values[i]` is the number of image i's name in `names`. */
  readonly labels?: Labels;
  /** Files that are not in it because they could not be read; the first of them, if they are very many. */
  readonly leftOut: readonly LeftOut[];
  /** Copies images into `into`, one behind the other; `into` has `indices.length * size * size * channels` bytes. */
  read(indices: ArrayLike<number>, into: Uint8Array): void;
  /** Lets go of the file behind it; a second call does nothing. */
  close(): void;
}
