import { eachStrip, type OnRows, type Strip } from './each-strip.ts';
import { rowsOf, type Matrix } from './matrix.ts';

/**
 * As `eachStrip`, with the squared Euclidean distances of rows instead of their products: |a|^2 + |b|^2 - 2 a.b, in
 * float64. A row's distance to itself is exactly 0 if y is x.
 */
export async function eachDistanceStrip(
  x: Matrix,
  y: Matrix,
  onStrip: (strip: Strip) => void,
  onRows?: OnRows,
): Promise<void> {
  const [a, b] = [squaredLengths(x), squaredLengths(y)];
  await eachStrip(
    x,
    y,
    (strip) => {
      const { firstRow, rows, firstColumn, products, stride } = strip;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < b.length - firstColumn; j++) {
          const isItself = x === y && firstRow + i === firstColumn + j;
          const squared = a[firstRow + i] + b[firstColumn + j] - 2 * products[i * stride + j];
          products[i * stride + j] = isItself ? 0 : Math.max(0, squared);
        }
      }
      onStrip(strip);
    },
    onRows,
  );
}

function squaredLengths(matrix: Matrix): Float64Array {
  const { values, width } = matrix;
  const lengths = new Float64Array(rowsOf(matrix));
  for (let i = 0; i < values.length; i++) lengths[Math.floor(i / width)] += values[i] * values[i];
  return lengths;
}
