import '@tensorflow/tfjs';
import {
  grad,
  mul,
  ones,
  setBackend,
  sum,
  tensor1d,
  tensor4d,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { statelessUniform } from '../random/stateless-uniform.ts';
import { augment } from './augment.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const none = { colour: false, translation: 0, cutout: 0 };
const [batch, side] = [3, 8];
const seed = () => tensor1d([5, 9], 'int32');
/** The uniform numbers that the images draw: u[which * batch + image]. */
const draws = statelessUniform([5, 9], 7 * batch);
const draw = (which: number, image: number): number => draws[which * batch + image];
const pixels = (channels: number): Tensor4D =>
  tensor4d(
    Array.from({ length: batch * side * side * channels }, (_, i) => Math.sin(i)),
    [batch, side, side, channels],
  );
const values = (x: Tensor) => x.arraySync() as number[][][][];

it('changes nothing where nothing is asked for', () => {
  expect(values(augment(pixels(3), none, seed()))).toEqual(values(pixels(3)));
});

it('moves each image by its own whole number of pixels, and fills the gap with zeros', () => {
  const moved = values(augment(pixels(2), { ...none, translation: 0.25 }, seed()));
  const before = values(pixels(2));
  for (let image = 0; image < batch; image++) {
    const [down, right] = [3, 4].map((which) => Math.floor(draw(which, image) * 5) - 2);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        expect(moved[image][y][x]).toEqual(before[image][y - down]?.[x - right] ?? [0, 0]);
      }
    }
  }
});

it('cuts out a square at the place that each image draws', () => {
  const cut = values(augment(ones([batch, side, side, 1]), { ...none, cutout: 0.5 }, seed()));
  for (let image = 0; image < batch; image++) {
    const [top, left] = [5, 6].map((which) => Math.floor(draw(which, image) * (side + 1)) - 2);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const inside = y >= top && y < top + 4 && x >= left && x < left + 4;
        expect(cut[image][y][x]).toEqual([inside ? 0 : 1]);
      }
    }
  }
});

it('changes brightness, saturation and contrast by the formulas of DiffAugment', () => {
  const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const changed = values(augment(pixels(3), { ...none, colour: true }, seed()));
  values(pixels(3)).forEach((rows, image) => {
    const [u, v, w] = [0, 1, 2].map((which) => draw(which, image));
    const bright = rows.flat().map((pixel) => pixel.map((value) => value + u - 0.5));
    const saturated = bright.map((pixel) => pixel.map((value) => mean(pixel) + (value - mean(pixel)) * 2 * v));
    const centre = mean(saturated.flat());
    const expected = saturated.flat().map((value) => centre + (value - centre) * (w + 0.5));
    changed[image].flat(2).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 4));
  });
});

it('is linear in the pixels but for the brightness, so a slope sees what the pixels do', () => {
  const all = { colour: true, translation: 0.125, cutout: 0.5 };
  const weights = pixels(3);
  const f = (x: Tensor) => sum(mul(augment(x, all, seed()), weights));
  const slope = grad(f)(ones([batch, side, side, 3])); // does not depend on the point
  const [a, b] = [pixels(3), mul(pixels(3), -2)];
  const difference = f(a).sub(f(b)).dataSync()[0];
  expect(sum(mul(slope, a.sub(b))).dataSync()[0]).toBeCloseTo(difference, 2);
});
