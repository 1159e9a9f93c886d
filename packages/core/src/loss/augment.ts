/**
 * Random changes of the images that the discriminator sees, real and fake (DiffAugment: Zhao et al., 2020). They keep a
 * discriminator from learning a small data set by heart. The numbers are drawn anew for each image. The changes are
 * linear in the pixels, except that brightness adds a number; so gradients of any order pass through them.
 */
import {
  add,
  cast,
  equal,
  floor,
  greaterEqual,
  less,
  logicalAnd,
  matMul,
  mean,
  mul,
  range,
  reshape,
  slice,
  sub,
  transpose,
  type Tensor,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/model-config.ts';
import { randomUniform } from '../nn/stateless-random.ts';

type Augment = NonNullable<ModelConfig['augment']>;

/** Random numbers for each image: one each for brightness, saturation, contrast, two for translation, two for cutout. */
const drawsOfImage = 7;

/**
 * Changes images [B, H, W, C] of values in [-1, 1] as a configuration says.
 * @param seed key (int32 [2]) of the random numbers
 */
export function augment(images: Tensor, { colour, translation, cutout }: Augment, seed: Tensor): Tensor {
  const [batch, side] = images.shape;
  const draws = randomUniform(seed, [drawsOfImage, batch]);
  /** The uniform numbers with this index, one for each image: [B]. */
  const draw = (index: number): Tensor => reshape(slice(draws, [index, 0], [1, batch]), [batch]);
  const coloured = colour ? changeColours(images, draw) : images;
  const furthest = Math.round(translation * side);
  const moved = furthest > 0 ? move(coloured, furthest, draw) : coloured;
  const hole = Math.round(cutout * side);
  return hole > 0 ? cutHole(moved, hole, draw) : moved;
}

/**
 * Brightness: x + u - 1/2. Saturation: the distance from the pixel's mean over the channels, times 2u. Contrast: the
 * distance from the image's mean, times u + 1/2.
 */
function changeColours(images: Tensor, draw: (index: number) => Tensor): Tensor {
  // Channels and pixels come before the images, because our own sums (of means and their gradients) are over first axes.
  const channelsFirst = transpose(images, [3, 1, 2, 0]);
  const [channels, height, width, batch] = channelsFirst.shape;
  const bright = add(reshape(channelsFirst, [channels, height * width, batch]), sub(draw(0), 0.5)); // [C, H * W, B]
  const saturated = channels === 1 ? bright : stretch(bright, mean(bright, 0, true), mul(draw(1), 2));
  const contrasted = stretch(saturated, mean(saturated, [0, 1], true), add(draw(2), 0.5));
  return transpose(reshape(contrasted, channelsFirst.shape), [3, 1, 2, 0]);
}

/** centre + (x - centre) factor */
function stretch(x: Tensor, centre: Tensor, factor: Tensor): Tensor {
  return add(mul(sub(x, centre), factor), centre);
}

/** Moves each image by whole pixels, at most `furthest` in each direction. */
function move(images: Tensor, furthest: number, draw: (index: number) => Tensor): Tensor {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const distance = (index: number) => sub(floor(mul(draw(index), 2 * furthest + 1)), furthest);
  const rows = matMul(shiftMatrices(height, distance(3)), reshape(images, [batch, height, width * channels]));
  const columnsFirst = (x: Tensor) => transpose(x, [0, 2, 1, 3]);
  const columns = reshape(columnsFirst(reshape(rows, images.shape)), [batch, width, height * channels]);
  const moved = matMul(shiftMatrices(width, distance(4)), columns);
  return columnsFirst(reshape(moved, [batch, width, height, channels]));
}

/**
 * Matrices [B, N, N] that move vectors of N numbers by `distance` places ([B]) and fill the gap with zeros. A row has at
 * most one 1, and zeros elsewhere, so products with the matrices are exact.
 */
function shiftMatrices(length: number, distance: Tensor): Tensor3D {
  const places = range(0, length);
  const difference = sub(reshape(places, [length, 1]), reshape(places, [1, length])); // [N, N]: row - column
  return cast(equal(difference, reshape(distance, [-1, 1, 1])), 'float32') as Tensor3D;
}

/** Sets a square of `hole` x `hole` pixels to zero. Its centre is anywhere in the image, so it may stick out. */
function cutHole(images: Tensor, hole: number, draw: (index: number) => Tensor): Tensor {
  const [batch, height, width] = images.shape as [number, number, number];
  /** 1 where a row or column belongs to the square: [B, length]. */
  const inside = (length: number, index: number): Tensor => {
    const centre = floor(mul(reshape(draw(index), [batch, 1]), length + 1 - (hole % 2)));
    const start = sub(centre, Math.floor(hole / 2));
    const places = reshape(range(0, length), [1, length]);
    return cast(logicalAnd(greaterEqual(places, start), less(places, add(start, hole))), 'float32');
  };
  const square = mul(
    reshape(inside(height, 5), [batch, height, 1, 1]),
    reshape(inside(width, 6), [batch, 1, width, 1]),
  );
  return mul(images, sub(1, square));
}
