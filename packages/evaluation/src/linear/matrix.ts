/** Rows of numbers, one after the other: N rows of `width` numbers. Features of images are such rows. */
export interface Matrix {
  /** [N, width]. */
  readonly values: Float32Array | Float64Array;
  readonly width: number;
}

/** The number of rows. */
export function rowsOf({ values, width }: Matrix): number {
  return values.length / width;
}
