import { eachDistanceStrip } from '../linear/each-distance-strip.ts';
import type { OnRows } from '../linear/each-strip.ts';
import { rowsOf, type Matrix } from '../linear/matrix.ts';

/**
 * The mean Euclidean distance of all pairs of different rows, in the features' unit: 0 if a generator draws one image
 * for every noise. @param matrix [N, D]; NaN if N is below 2
 */
export async function featureDiversity(matrix: Matrix, onRows?: OnRows): Promise<number> {
  const count = rowsOf(matrix);
  let sum = 0;
  await eachDistanceStrip(
    matrix,
    matrix,
    ({ rows, firstColumn, products, stride }) => {
      for (let i = 0; i < rows; i++)
        for (let j = i + 1; j < count - firstColumn; j++) sum += Math.sqrt(products[i * stride + j]);
    },
    onRows,
  );
  return sum / ((count * (count - 1)) / 2);
}
