import { expect, it } from 'vitest';
import { evaluateClasses } from './evaluate-classes.ts';
import { kernelDistance } from './measures/kernel-distance.ts';

const names = ['cat', 'big dog', 'big-dog'];
const count = 180;
/** 100 cats, 60 big dogs, 20 of the third class. */
const labels = Uint16Array.from({ length: count }, (_, k) => (k < 100 ? 0 : k < 160 ? 1 : 2));
const features = (shift: number) => ({
  values: Float32Array.from({ length: 2 * count }, (_, k) => Math.sin(k * k) + (k % 2) * shift),
  width: 2,
});
/** Rows of probabilities that name these classes. */
const saying = (classes: number[]) =>
  Float32Array.from(classes.flatMap((own) => names.map((_, k) => Number(k === own))));

it('counts right samples by the names of the classes, and compares those of one class with its real images', async () => {
  // The classifier numbers the classes in another order. It takes every fourth cat for the third class.
  const network = { name: 'pets', classes: ['big-dog', 'cat', 'big dog'] };
  const taken = Array.from(labels, (label, k) => (label === 0 && k % 4 === 0 ? 0 : [1, 2, 0][label]));
  const samples = { ...features(0.5), probabilities: saying(taken) };
  const given = { names, samples: labels, real: labels.slice().reverse() };
  const { name, classes, results } = await evaluateClasses(given, samples, features(0), network, 1);
  expect(name).toBe('perclass180_pets');
  const part = (values: Float32Array, first: number, last: number) => ({
    values: values.slice(2 * first, 2 * last),
    width: 2,
  });
  const { mean } = await kernelDistance(part(features(0).values, 80, 180), part(samples.values, 0, 100), 1);
  expect(classes).toEqual([
    { name: 'cat', samples: 100, real: 100, right: 0.75, kid: mean },
    { name: 'big dog', samples: 60, real: 60, right: 1, kid: expect.any(Number) as number },
    { name: 'big-dog', samples: 20, real: 20, right: 1, kid: null },
  ]);
  expect(results).toEqual({
    perclass180_pets_right: 155 / 180,
    perclass180_pets_cat_right: 0.75,
    perclass180_pets_cat_kid: mean,
    'perclass180_pets_big-dog-1_right': 1,
    'perclass180_pets_big-dog-1_kid': classes[1].kid,
    'perclass180_pets_big-dog-2_right': 1,
  });
});

it('gives only distances for a network that is no classifier, and nothing for a class without samples', async () => {
  const given = { names: ['cat', 'fox'], samples: new Uint16Array(count), real: new Uint16Array(count) };
  const { classes, results } = await evaluateClasses(given, features(1), features(0), { name: 'net' }, 1);
  expect(classes[1]).toEqual({ name: 'fox', samples: 0, real: 0, right: null, kid: null });
  expect(Object.keys(results)).toEqual(['perclass180_net_cat_kid']);
});
