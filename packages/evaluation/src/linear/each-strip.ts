import { setImmediate as otherWork } from 'node:timers/promises';
import { assert } from '@lstm-gan/core/errors';
import { rowsOf, type Matrix } from './matrix.ts';

/** Some rows of the matrix of all products: row i of x times row j of y. */
export interface Strip {
  /** The first row of x, and how many follow from it. */
  readonly firstRow: number;
  readonly rows: number;
  /** The first row of y; the strip goes on to the last one. */
  readonly firstColumn: number;
  /** Product of row `firstRow + i` of x and row `firstColumn + j` of y, in float64, at `i * stride + j`. */
  readonly products: Float64Array;
  readonly stride: number;
}

/** A multiple of the tile. Two blocks of 1,280 features take 2.6 MB. */
const blockRows = 128;
const tile = 4;

/** Called with the number of rows of x that are done, and the number of all. */
export type OnRows = (done: number, total: number) => void;

/** Reports rows as a part of a longer work, of whose `total` rows `before` are done already. */
export const partOf =
  (onRows: OnRows, before: number, total: number): OnRows =>
  (done) =>
    onRows(before + done, total);

/**
 * Computes the scalar products of all rows of x with all rows of y, strip by strip, so the memory that it needs does
 * not grow with the number of rows of x. A strip's arrays are used again for the next one. If y is x itself, a strip
 * begins at its own first row: the products before it are those of earlier strips, mirrored. Lets other work run after
 * each strip.
 */
export async function eachStrip(
  x: Matrix,
  y: Matrix,
  onStrip: (strip: Strip) => void,
  onRows: OnRows = () => undefined,
): Promise<void> {
  assert(x.width === y.width, `rows of ${x.width} and of ${y.width} numbers have no products`);
  const [rowCount, columnCount] = [rowsOf(x), rowsOf(y)];
  const stride = Math.ceil(columnCount / tile) * tile;
  const products = new Float64Array(Math.min(blockRows, Math.ceil(rowCount / tile) * tile) * stride);
  const left = new Float64Array(blockRows * x.width);
  const right = new Float64Array(blockRows * x.width);
  for (let firstRow = 0; firstRow < rowCount; firstRow += blockRows) {
    const rows = fillBlock(x, firstRow, left);
    const firstColumn = x === y ? firstRow : 0;
    for (let column = firstColumn; column < columnCount; column += blockRows) {
      const columns = fillBlock(y, column, right);
      multiplyBlocks(left, rows, right, columns, x.width, products.subarray(column - firstColumn), stride);
    }
    onStrip({ firstRow, rows, firstColumn, products, stride });
    onRows(firstRow + rows, rowCount);
    await otherWork();
  }
}

/** Copies rows into a block, and zeros after the last row. Returns how many rows were copied. */
function fillBlock(matrix: Matrix, first: number, block: Float64Array): number {
  const rows = Math.min(blockRows, rowsOf(matrix) - first);
  block.set(matrix.values.subarray(first * matrix.width, (first + rows) * matrix.width));
  block.fill(0, rows * matrix.width);
  return rows;
}

/**
 * Products of rows with columns, in tiles of 4 x 2: a tile's sums stay in registers, which makes this three times as
 * fast as one product after the other. Rows and columns beyond the counts are zeros, up to a whole tile.
 */
function multiplyBlocks(
  a: Float64Array,
  rows: number,
  b: Float64Array,
  columns: number,
  width: number,
  into: Float64Array,
  stride: number,
): void {
  for (let i = 0; i < rows; i += 4) {
    const [a0, a1, a2, a3] = [i * width, (i + 1) * width, (i + 2) * width, (i + 3) * width];
    for (let j = 0; j < columns; j += 2) {
      const [b0, b1] = [j * width, (j + 1) * width];
      let [s00, s01, s10, s11, s20, s21, s30, s31] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let k = 0; k < width; k++) {
        const y0 = b[b0 + k];
        const y1 = b[b1 + k];
        s00 += a[a0 + k] * y0;
        s01 += a[a0 + k] * y1;
        s10 += a[a1 + k] * y0;
        s11 += a[a1 + k] * y1;
        s20 += a[a2 + k] * y0;
        s21 += a[a2 + k] * y1;
        s30 += a[a3 + k] * y0;
        s31 += a[a3 + k] * y1;
      }
      const at = i * stride + j;
      into[at] = s00;
      into[at + 1] = s01;
      into[at + stride] = s10;
      into[at + stride + 1] = s11;
      into[at + 2 * stride] = s20;
      into[at + 2 * stride + 1] = s21;
      into[at + 3 * stride] = s30;
      into[at + 3 * stride + 1] = s31;
    }
  }
}
