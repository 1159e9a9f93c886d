/**
 * A data set is decoded once, packed, and from then on read without waiting. Images are uint8 [H, W, C], row by row.
 */
export interface Dataset {
  readonly name: string;
  readonly count: number;
  readonly size: number;
  readonly channels: number;
  /** SHA-256 of the decoded pixels in order, hexadecimal: part of a run's identity. */
  readonly digest: string;
  /** Copies images into `into`, one behind the other; `into` has `indices.length * size * size * channels` bytes. */
  read(indices: ArrayLike<number>, into: Uint8Array): void;
}
