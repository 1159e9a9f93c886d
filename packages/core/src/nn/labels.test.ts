/** The layers that read the classes of images, against their formulas. */
import '@tensorflow/tfjs';
import { setBackend, tensor, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { dense } from './dense.ts';
import { joinLabel, labelEmbedding } from './label-embedding.ts';
import type { Pass } from './layer.ts';
import { linear } from './linear.ts';
import { projection } from './projection.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const classes = tensor([0, 0, 1, 1, 0, 0], [2, 3]); // Image 0 is of class 2, image 1 of class 0.
const passWith = (parameters: Record<string, Tensor>): Pass => ({
  parameter: (name) => parameters[name],
  training: true,
  classes,
});

it("joins the embedding of the image's class to the noise and to every time step", () => {
  const pass = passWith({ 'labels/embedding': tensor([1, 2, 3, 4, 5, 6], [3, 2]) });
  const noise = labelEmbedding(3, 2).apply(tensor([7, 8], [2, 1]), pass);
  expect(noise.arraySync()).toEqual([
    [7, 5, 6],
    [8, 1, 2],
  ]);
  const sequence = joinLabel().apply(tensor([10, 20, 30, 40], [2, 2, 1]), pass);
  expect(sequence.arraySync()).toEqual([
    [
      [10, 5, 6],
      [20, 5, 6],
    ],
    [
      [30, 1, 2],
      [40, 1, 2],
    ],
  ]);
});

it('joins the embedding to every position of the maps of a step', () => {
  const pass = passWith({ 'labels/embedding': tensor([1, 2, 3], [3, 1]) });
  const maps = joinLabel().apply(tensor([10, 20, 30, 40], [2, 1, 2, 1]), pass);
  expect(maps.reshape([4, 2]).arraySync()).toEqual([
    [10, 3],
    [20, 3],
    [30, 1],
    [40, 1],
  ]);
});

it('projects: w . x + b + v_y . x', () => {
  const layer = projection(dense('dense0', 2, 1), linear('classes', 2, 3));
  expect(layer.parameters.map(({ name, shape }) => [name, shape])).toEqual([
    ['dense0/kernel', [2, 1]],
    ['dense0/bias', [1]],
    ['classes/kernel', [2, 3]],
  ]);
  const pass = passWith({
    'dense0/kernel': tensor([2, 3], [2, 1]),
    'dense0/bias': tensor([100], [1]),
    'classes/kernel': tensor([10, 30, 50, 20, 40, 60], [2, 3]), // a column for each class
  });
  const logits = layer.apply(tensor([1, 2, 3, 4], [2, 2]), pass);
  expect(logits.arraySync()).toEqual([[2 + 6 + 100 + 50 + 120], [6 + 12 + 100 + 30 + 80]]);
});
