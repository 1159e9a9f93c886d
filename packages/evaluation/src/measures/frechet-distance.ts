import { UserError } from '@lstm-gan/core/errors';
import { Matrix as Table, SVD } from 'ml-matrix';
import { eachStrip, partOf, type OnRows } from '../linear/each-strip.ts';
import { rowsOf, type Matrix } from '../linear/matrix.ts';

/**
 * The Frechet distance between two normal distributions that have the means m and the covariances C of two sets of
 * features: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson & Landau, 1982; Heusel et al., "GANs Trained by a Two
 * Time-Scale Update Rule", 2017). It is a squared distance, in the features' unit squared. Covariances divide by
 * N - 1.
 *
 * With factors C = F^T F, the eigenvalues of C1 C2 are the squares of the singular values of F1 F2^T, so the trace of
 * the root is their sum. This holds also if a covariance has no inverse, because there are fewer rows than features or
 * because a feature is always 0; scipy's `sqrtm` of the product needs an inverse. All arithmetic is in float64.
 *
 * @param x [N, D], N at least 2
 * @param y [M, D], M at least 2; throws a UserError if a set is smaller
 */
export async function frechetDistance(x: Matrix, y: Matrix, onRows: OnRows = () => undefined): Promise<number> {
  const total = 2 * x.width;
  const a = await factorize(x, partOf(onRows, 0, total));
  const b = await factorize(y, partOf(onRows, x.width, total));
  const roots = await traceOfRoot(a.factor, b.factor);
  const means = a.mean.reduce((sum, value, k) => sum + (value - b.mean[k]) ** 2, 0);
  return means + a.trace + b.trace - 2 * roots;
}

interface Factorized {
  readonly mean: Float64Array;
  /** F [R, D] with covariance = F^T F. */
  readonly factor: Matrix;
  /** The trace of the covariance. */
  readonly trace: number;
}

async function factorize(x: Matrix, onRows?: OnRows): Promise<Factorized> {
  const [rows, { width }] = [rowsOf(x), x];
  if (rows < 2) {
    throw new UserError({
      code: 'too-few-images',
      message: `A covariance needs at least 2 images; there ${rows === 1 ? 'is 1' : 'are none'}.`,
      advice: 'Give more images.',
    });
  }
  const mean = new Float64Array(width);
  for (let i = 0; i < x.values.length; i++) mean[i % width] += x.values[i] / rows;
  const scale = 1 / Math.sqrt(rows - 1);
  const centred = Float64Array.from(x.values, (value, i) => (value - mean[i % width]) * scale);
  const trace = centred.reduce((sum, value) => sum + value * value, 0);
  // The centred rows are a factor themselves. Cholesky's has fewer rows if there are more images than features.
  const factor = rows <= width ? centred : choleskyFactor(await covarianceOf(transpose(centred, width), onRows), width);
  return { mean, trace, factor: { values: factor, width } };
}

/** The transpose of rows of `width` numbers. */
function transpose(values: Float64Array, width: number): Matrix {
  const rows = values.length / width;
  const turned = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) for (let k = 0; k < width; k++) turned[k * rows + i] = values[i * width + k];
  return { values: turned, width: rows };
}

/** The products [D, D] of all rows of a matrix with each other. */
async function covarianceOf(rows: Matrix, onRows?: OnRows): Promise<Float64Array> {
  const size = rowsOf(rows);
  const covariance = new Float64Array(size * size);
  await eachStrip(
    rows,
    rows,
    (strip) => {
      for (let i = 0; i < strip.rows; i++) {
        for (let j = 0; j < size - strip.firstColumn; j++) {
          const [row, column] = [strip.firstRow + i, strip.firstColumn + j];
          covariance[row * size + column] = strip.products[i * strip.stride + j];
          covariance[column * size + row] = strip.products[i * strip.stride + j];
        }
      }
    },
    onRows,
  );
  return covariance;
}

/**
 * A factor F [R, D] of a positive semidefinite matrix C [D, D] = F^T F: Cholesky's decomposition that takes the largest
 * remaining pivot each time, and ends when all that remain are rounding errors (Higham, "Accuracy and Stability of
 * Numerical Algorithms", 2002, section 10.3).
 */
function choleskyFactor(covariance: Float64Array, size: number): Float64Array {
  const remaining = Float64Array.from({ length: size }, (_, k) => covariance[k * size + k]);
  const tolerance = size * Number.EPSILON * Math.max(...remaining);
  const factor = new Float64Array(size * size);
  let rank = 0;
  for (; rank < size; rank++) {
    const pivot = remaining.reduce((best, value, k) => (value > remaining[best] ? k : best), 0);
    if (remaining[pivot] <= tolerance) break;
    const row = factor.subarray(rank * size, (rank + 1) * size);
    row.set(covariance.subarray(pivot * size, (pivot + 1) * size));
    for (let earlier = 0; earlier < rank; earlier++) {
      const weight = factor[earlier * size + pivot];
      for (let k = 0; k < size; k++) row[k] -= weight * factor[earlier * size + k];
    }
    const root = Math.sqrt(remaining[pivot]);
    for (let k = 0; k < size; k++) {
      row[k] /= root;
      remaining[k] -= row[k] * row[k];
    }
    remaining[pivot] = 0;
  }
  return factor.slice(0, rank * size);
}

/** The sum of the singular values of F1 F2^T. */
async function traceOfRoot(a: Matrix, b: Matrix): Promise<number> {
  const [rows, columns] = [rowsOf(a), rowsOf(b)];
  if (rows === 0 || columns === 0) return 0;
  const table = Table.zeros(rows, columns);
  await eachStrip(a, b, ({ firstRow, rows: count, products, stride }) => {
    for (let i = 0; i < count; i++)
      for (let j = 0; j < columns; j++) table.set(firstRow + i, j, products[i * stride + j]);
  });
  const values = { computeLeftSingularVectors: false, computeRightSingularVectors: false, autoTranspose: true };
  return new SVD(table, values).diagonal.reduce((sum, value) => sum + value, 0);
}
