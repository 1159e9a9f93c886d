import { createDataset } from '@lstm-gan/data';
import { expect, it } from 'vitest';
import { createGridDiversity } from './grid-diversity.ts';

/** Images of one pixel, with these grays. */
const grays = (values: readonly number[], labels?: readonly number[]) =>
  createDataset(
    {
      name: 'grays',
      count: values.length,
      size: 1,
      channels: 1,
      digest: '',
      ...(labels && { labels: { names: ['a', 'b'], values: Uint16Array.from(labels) } }),
    },
    Uint8Array.from(values),
  );

it('compares the images of a grid with as many real images', () => {
  // 0 and 255 are -1 and 1: two real images are 2 apart.
  const diversityOf = createGridDiversity(grays([0, 0, 255, 255]), { noise: new Float32Array(2) }, 1);
  expect(diversityOf(Float32Array.of(0.25, 0.75))).toBeCloseTo(0.25, 6);
  expect(diversityOf(Float32Array.of(0.5, 0.5))).toBe(0);
});

it('compares only images of one class in the grid of a conditional model', () => {
  // Rows of two images: class a is drawn as one picture, class b as one other picture.
  const samples = { noise: new Float32Array(4), classes: new Float32Array(8), columns: 2 };
  const data = grays([0, 255, 51, 102], [0, 1, 0, 1]);
  const diversityOf = createGridDiversity(data, samples, 1);
  expect(diversityOf(Float32Array.of(-1, -1, 1, 1))).toBe(0);
  // Real images of a class are 0.4 and 1.2 apart.
  expect(diversityOf(Float32Array.of(0, 0.4, 1, -0.2))).toBeCloseTo(1, 6);
});
