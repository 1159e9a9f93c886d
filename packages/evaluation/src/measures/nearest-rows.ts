import { eachDistanceStrip } from '../linear/each-distance-strip.ts';
import type { OnRows } from '../linear/each-strip.ts';
import { rowsOf, type Matrix } from '../linear/matrix.ts';

/** The row that is nearest to another one, and its Euclidean distance. */
export interface NearestRow {
  readonly index: number;
  readonly distance: number;
}

/**
 * For each row of x, the nearest row of y, for example for each sample the nearest training image. If y is x itself, a
 * row is not its own neighbour. Of rows that are equally near, the first one counts.
 */
export async function nearestRows(x: Matrix, y: Matrix, onRows?: OnRows): Promise<NearestRow[]> {
  const best = Array.from({ length: rowsOf(x) }, () => ({ index: -1, squared: Infinity }));
  const compare = (row: number, index: number, squared: number): void => {
    if (squared < best[row].squared) best[row] = { index, squared };
  };
  const columnCount = rowsOf(y);
  await eachDistanceStrip(
    x,
    y,
    ({ firstRow, rows, firstColumn, products, stride }) => {
      for (let i = 0; i < rows; i++) {
        for (let j = x === y ? i + 1 : 0; j < columnCount - firstColumn; j++) {
          compare(firstRow + i, firstColumn + j, products[i * stride + j]);
          if (x === y) compare(firstColumn + j, firstRow + i, products[i * stride + j]);
        }
      }
    },
    onRows,
  );
  return best.map(({ index, squared }) => ({ index, distance: Math.sqrt(squared) }));
}
