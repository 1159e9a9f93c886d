import '@tensorflow/tfjs';
import { mul, setBackend, square, sum, tensor, tensor1d, tensor4d, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { ModelConfig } from '../model/model-config.ts';
import { adversarialLoss, type PairedLoss, type SeparateLoss } from './adversarial-loss.ts';
import { approximatePenalty, exactPenalty, type ExactRegularizer } from './gradient-penalty.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const logits = () => tensor([[2], [-0.5]]);
const softplus = (x: number) => Math.log1p(Math.exp(x));

it.each<[Exclude<ModelConfig['loss'], 'relativistic'>, number, number, number]>([
  [
    'non-saturating',
    (softplus(-2) + softplus(0.5)) / 2,
    (softplus(2) + softplus(-0.5)) / 2,
    (softplus(-2) + softplus(0.5)) / 2,
  ],
  ['hinge', (0 + 1.5) / 2, (3 + 0.5) / 2, -0.75],
  ['least-squares', 0.5 * ((1 + 2.25) / 2), 0.5 * ((4 + 0.25) / 2), 0.5 * ((1 + 2.25) / 2)],
  ['wasserstein', -0.75, 0.75, -0.75],
])('%s computes the formula of its paper', (name, real, fake, generator) => {
  const loss = adversarialLoss({ loss: name }) as SeparateLoss;
  expect(loss.real(logits()).dataSync()[0]).toBeCloseTo(real, 5);
  expect(loss.fake(logits()).dataSync()[0]).toBeCloseTo(fake, 5);
  expect(loss.generator(logits()).dataSync()[0]).toBeCloseTo(generator, 5);
});

it('relativistic compares the logits of each real and fake image, by their place', () => {
  const loss = adversarialLoss({ loss: 'relativistic' }) as PairedLoss;
  const fake = tensor([[-1], [3]]);
  // The real images are 3 ahead of, and 3.5 behind, their fake ones.
  expect(loss.discriminator(logits(), fake).dataSync()[0]).toBeCloseTo((softplus(-3) + softplus(3.5)) / 2, 5);
  expect(loss.generator(logits(), fake).dataSync()[0]).toBeCloseTo((softplus(3) + softplus(-3.5)) / 2, 5);
});

/** A linear discriminator: its slope is the same everywhere, so R1 has a closed form: gamma / 2 E |slope|^2 = 25. */
const slopes = [3, -4];
const discriminate = (x: Tensor) => sum(mul(x, tensor1d(slopes)), 1, true);
it('label smoothing moves the target of real images alone', () => {
  const loss = adversarialLoss({ loss: 'non-saturating', labelSmoothing: 0.1 }) as SeparateLoss;
  const real = (0.9 * (softplus(-2) + softplus(0.5)) + 0.1 * (softplus(2) + softplus(-0.5))) / 2;
  expect(loss.real(logits()).dataSync()[0]).toBeCloseTo(real, 5);
  expect(loss.fake(logits()).dataSync()[0]).toBeCloseTo((softplus(2) + softplus(-0.5)) / 2, 5);
  expect(loss.generator(logits()).dataSync()[0]).toBeCloseTo((softplus(-2) + softplus(0.5)) / 2, 5);
});

/** D(x) = c |x|^2 / 2, whose slope at x is c x: real images get c = 3, fake ones c = 2. */
const bowl = (c: number) => (x: Tensor) => mul(c / 2, sum(square(x), [1, 2, 3]));
const judged = {
  real: tensor4d([3, 4, 0, 0], [2, 1, 2, 1]), // |x|^2 = 25 and 0
  fake: tensor4d([1, 0, 0, 1], [2, 1, 2, 1]), // |x|^2 = 1 and 1
  judgeReal: bowl(3),
  judgeFake: bowl(2),
};

it.each<[string, ExactRegularizer, number]>([
  ['r1', { kind: 'r1', gamma: 2, every: 1 }, (9 * 25 + 0) / 2],
  ['r1 in every fourth phase', { kind: 'r1', gamma: 2, every: 4 }, (4 * 9 * 25) / 2],
  ['r1-r2', { kind: 'r1-r2', gamma: 2, every: 1 }, (9 * 25) / 2 + 4],
])('%s is gamma / 2 E |slope|^2, times `every`', (_name, regularizer, expected) => {
  expect(exactPenalty(regularizer, judged, tensor1d([1, 2], 'int32')).dataSync()[0]).toBeCloseTo(expected, 3);
});

it('the gradient penalty pulls the slope between a real and a fake image to 1', () => {
  const regularizer = { kind: 'gradient-penalty', lambda: 10, every: 1 } as const;
  const of = (slope: number) => {
    const linear = (x: Tensor) => mul(slope, sum(x, [1, 2, 3]));
    const images = { ...judged, judgeReal: linear };
    return exactPenalty(regularizer, images, tensor1d([1, 2], 'int32')).dataSync()[0];
  };
  // Each image has two pixels, so the slope is sqrt(2) times that of a pixel.
  expect(of(1)).toBeCloseTo(10 * (Math.sqrt(2 + 1e-4) - 1) ** 2, 4);
  expect(of(Math.SQRT1_2)).toBeCloseTo(0, 4);
});

it('the gradient penalty is taken at one point for each pair, between its two images', () => {
  const regularizer = { kind: 'gradient-penalty', lambda: 10, every: 1 } as const;
  const penaltyOf = (real: number[], fake: number[]) => {
    const shape: [number, number, number, number] = [2, 1, 2, 1];
    const images = { ...judged, real: tensor4d(real, shape), fake: tensor4d(fake, shape), judgeReal: bowl(1) };
    return exactPenalty(regularizer, images, tensor1d([1, 2], 'int32')).dataSync()[0];
  };
  // The slope of this bowl is the point itself. At (1, 0) the penalty is 0, so only the other pair counts. Its point is
  // (x, 0) with 2 < x < 4, and its penalty is 10 / 2 (x - 1)^2.
  const pointOf = (penalty: number) => 1 + Math.sqrt(penalty / 5);
  const points = [pointOf(penaltyOf([4, 0, 1, 0], [2, 0, 1, 0])), pointOf(penaltyOf([1, 0, 4, 0], [1, 0, 2, 0]))];
  for (const point of points) {
    expect(point).toBeGreaterThan(2);
    expect(point).toBeLessThan(4);
  }
  expect(Math.abs(points[0] - points[1])).toBeGreaterThan(0.01);
  // Both pixels of a pair are at the same share of the way: (x, 2 x), whose length is sqrt(5) x.
  const penalties = points.map((x) => 10 * (Math.sqrt(5) * x - 1) ** 2);
  expect(penaltyOf([4, 8, 4, 8], [2, 4, 2, 4]) / ((penalties[0] + penalties[1]) / 2)).toBeCloseTo(1, 3);
});

it('approximate R1 is lambda times the mean square of a step of size sigma, and agrees with R1 on average', () => {
  const many = tensor(new Float32Array(2 * 20_000), [20_000, 2]);
  const sigma = 0.05;
  // lambda = gamma / (2 sigma^2) with gamma 2.
  const regularizer = { kind: 'approximate-r1', lambda: 1 / sigma ** 2, sigma } as const;
  const penalty = approximatePenalty(regularizer, discriminate, many, discriminate(many), tensor1d([5, 6], 'int32'));
  expect(penalty.dataSync()[0] / 25).toBeGreaterThan(0.95);
  expect(penalty.dataSync()[0] / 25).toBeLessThan(1.05);
});
