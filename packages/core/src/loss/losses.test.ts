import '@tensorflow/tfjs';
import { mul, setBackend, sum, tensor, tensor1d, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { ModelConfig } from '../model/model-config.ts';
import { adversarialLoss } from './adversarial-loss.ts';
import { gradientPenalty } from './gradient-penalty.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const logits = () => tensor([[2], [-0.5]]);
const softplus = (x: number) => Math.log1p(Math.exp(x));

it.each<[ModelConfig['loss'], number, number, number]>([
  [
    'non-saturating',
    (softplus(-2) + softplus(0.5)) / 2,
    (softplus(2) + softplus(-0.5)) / 2,
    (softplus(-2) + softplus(0.5)) / 2,
  ],
  ['hinge', (0 + 1.5) / 2, (3 + 0.5) / 2, -0.75],
  ['least-squares', 0.5 * ((1 + 2.25) / 2), 0.5 * ((4 + 0.25) / 2), 0.5 * ((1 + 2.25) / 2)],
])('%s computes the formula of its paper', (name, real, fake, generator) => {
  const loss = adversarialLoss(name);
  expect(loss.real(logits()).dataSync()[0]).toBeCloseTo(real, 5);
  expect(loss.fake(logits()).dataSync()[0]).toBeCloseTo(fake, 5);
  expect(loss.generator(logits()).dataSync()[0]).toBeCloseTo(generator, 5);
});

/** A linear discriminator: its slope is the same everywhere, so R1 has a closed form. */
const slopes = [3, -4];
const discriminate = (x: Tensor) => sum(mul(x, tensor1d(slopes)), 1, true);
const images = () =>
  tensor([
    [0.1, 0.2],
    [0.3, -0.4],
    [0, 1],
  ]);

it('exact R1 is gamma / 2 E |slope|^2', () => {
  const penalty = gradientPenalty(
    { kind: 'r1', gamma: 2 },
    discriminate,
    images(),
    discriminate(images()),
    tensor1d([1, 2], 'int32'),
  );
  expect(penalty.dataSync()[0]).toBeCloseTo(25, 4);
});

it('approximate R1 is lambda times the mean square of a step of size sigma, and agrees with R1 on average', () => {
  const many = tensor(new Float32Array(2 * 20_000), [20_000, 2]);
  const sigma = 0.05;
  // lambda = gamma / (2 sigma^2) with gamma 2.
  const regularizer = { kind: 'approximate-r1', lambda: 1 / sigma ** 2, sigma } as const;
  const penalty = gradientPenalty(regularizer, discriminate, many, discriminate(many), tensor1d([5, 6], 'int32'));
  expect(penalty.dataSync()[0] / 25).toBeGreaterThan(0.95);
  expect(penalty.dataSync()[0] / 25).toBeLessThan(1.05);
});
