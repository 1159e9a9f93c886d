/**
 * A 3 x 3 SAME convolution of stride 1 is a product of matrices: each row of the first matrix holds the 3 x 3
 * neighbours of a position of the map, and 0 beyond the map's border. Unlike TensorFlow's convolutions, our own products
 * of matrices give the same bits on every processor, and the neighbours are only copied.
 */
import { add, concat, customGrad, pad, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';

/** Height and width of a map. */
export type MapSize = readonly [height: number, width: number];

/** Neighbours of a position, itself included. */
export const patchArea = 9;

/** Where the neighbour k of a position lies, in [row, column] of its 3 x 3 patch. */
const places = Array.from({ length: patchArea }, (_, k) => [Math.floor(k / 3), k % 3] as const);

const border: [number, number][] = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

/**
 * The 3 x 3 neighbours of every position, by rows: [N * H * W, C] -> [N * H * W, 9 C]. Has a gradient, which is
 * `sumPatches`.
 */
export function patches(rows: Tensor, size: MapSize): Tensor {
  const op = customGrad((input) => ({
    value: gatherPatches(input as Tensor, size),
    gradFunc: (dy: Tensor) => sumPatches(dy, size),
  }));
  return op(rows);
}

function gatherPatches(rows: Tensor, [height, width]: MapSize): Tensor {
  const channels = rows.shape[1] as number;
  const maps = reshape(rows, [-1, height, width, channels]); // [N, H, W, C]
  const padded = pad(maps, border);
  const neighbours = places.map(([row, column]) =>
    slice(padded, [0, row, column, 0], [maps.shape[0], height, width, channels]),
  );
  return reshape(concat(neighbours, 3), [rows.shape[0], patchArea * channels]);
}

/** The transpose of `patches`: each position sums what belongs to it in all patches. [N * H * W, 9 C] -> [N * H * W, C]. */
export function sumPatches(rows: Tensor, [height, width]: MapSize): Tensor {
  const channels = (rows.shape[1] as number) / patchArea;
  const maps = reshape(rows, [-1, height, width, patchArea * channels]); // [N, H, W, 9 C]
  const padded = pad(maps, border);
  const parts = places.map(([row, column], k) =>
    slice(padded, [0, 2 - row, 2 - column, k * channels], [maps.shape[0], height, width, channels]),
  );
  return reshape(
    parts.reduce((sum, part) => add(sum, part)),
    [rows.shape[0], channels],
  );
}
