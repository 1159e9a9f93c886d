import { configure, readSettings } from '@lstm-gan/run';
import { describe, expect, it } from 'vitest';
import { findPreset } from '../open-run/new-run-config.ts';
import { createLossWatch } from './watch-losses.ts';

/** The verdict after each of some steps of 500 images; `losses` gives the discriminator's and the generator's loss. */
function verdicts(losses: readonly (readonly [number, number])[], ...settings: string[]): string[] {
  const layer = readSettings(['batchSize=500', 'shardSize=500', 'model.regularizer.kind=none', ...settings]);
  const watch = createLossWatch(configure(findPreset('digits'), [layer]));
  return losses.map(
    ([discriminator, generator], i) =>
      watch.observe({ step: i + 1, losses: { discriminator, generator, penalty: 0 } }).kind,
  );
}

const last = (losses: readonly (readonly [number, number])[], ...settings: string[]): string | undefined =>
  verdicts(losses, ...settings).at(-1);
const steps = (count: number, discriminator: number, generator = 1) =>
  Array.from({ length: count }, () => [discriminator, generator] as const);

describe('divergence', () => {
  // The losses of logits of 999 and 1,001: |l|, and (l - 1)^2 / 2 or l^2 / 2 for least squares.
  it.each([
    ['non-saturating', 999, 1001],
    ['hinge', -999, -1001],
    ['relativistic', 999, 1001],
    ['least-squares', 999 ** 2 / 2, 1001 ** 2 / 2],
  ])('is found after three steps in a row with %s', (loss, sound, diverged) => {
    const setting = `model.loss=${loss}`;
    expect(last(steps(3, 1, sound), setting)).toBe('unknown');
    expect(last(steps(2, 1, diverged), setting)).toBe('unknown');
    expect(last([...steps(2, 1, diverged), ...steps(1, 1), ...steps(2, 1, diverged)], setting)).toBe('unknown');
    expect(last(steps(3, 1, diverged), setting)).toBe('diverged');
    expect(last(steps(3, Math.abs(diverged)), setting)).toBe('diverged');
  });

  it('of a critic is a gap of ten times the distance of black and white; its drift does not count', () => {
    // For 32x32 gray pixels in [-1, 1], this distance is 2 * sqrt(1024) = 64.
    const critic = ['model.loss=wasserstein'];
    expect(last(steps(3, -639), ...critic)).toBe('unknown');
    expect(last(steps(3, -641), ...critic)).toBe('diverged');
    expect(last(steps(3, -1, 1e6), ...critic)).toBe('unknown');
  });
});

describe('a discriminator that is ahead', () => {
  // 5 % of the loss at equal logits: 2 ln 2, 2, 1/4, ln 2; 10 steps are 5,000 images.
  it.each([
    ['non-saturating', 2 * Math.log(2)],
    ['hinge', 2],
    ['least-squares', 0.25],
    ['relativistic', Math.log(2)],
  ])('is found over 5,000 images with %s', (loss, undecided) => {
    const setting = `model.loss=${loss}`;
    expect(verdicts(steps(10, 0.049 * undecided), setting)).toEqual([
      ...Array<string>(9).fill('unknown'),
      'discriminator-ahead',
    ]);
    expect(last(steps(10, 0.051 * undecided), setting)).toBe('healthy');
    // After half of the window, the discriminator can be fooled again.
    expect(last([...steps(10, 0.01 * undecided), ...steps(6, undecided)], setting)).toBe('healthy');
  });

  it('is measured from the least loss that label smoothing leaves', () => {
    // The entropy of 0.1 is 0.325. The best constant probability is 0.45, with twice the entropy of 0.45: 1.376.
    const smoothed = ['model.labelSmoothing=0.1'];
    expect(last(steps(10, 0.325 + 0.04 * 1.051), ...smoothed)).toBe('discriminator-ahead');
    expect(last(steps(10, 0.325 + 0.06 * 1.051), ...smoothed)).toBe('healthy');
  });

  it('of a critic tells images three times as far apart as between its first 5,000 and 10,000 images', () => {
    const critic = ['model.loss=wasserstein'];
    const begun = [...steps(10, -1), ...steps(10, -4)];
    expect(verdicts(begun, ...critic).slice(-2)).toEqual(['unknown', 'healthy']);
    expect(last([...begun, ...steps(10, -11.9)], ...critic)).toBe('healthy');
    expect(last([...begun, ...steps(10, -12.1)], ...critic)).toBe('discriminator-ahead');
    // A gap that begins near 0 is no measure: 1 % of the distance of black and white is, 0.64.
    expect(last([...steps(20, -0.1), ...steps(10, -1.9)], ...critic)).toBe('healthy');
  });
});

it('begins to count anew if a step is missing', () => {
  const watch = createLossWatch(configure(findPreset('digits'), [readSettings(['batchSize=1024', 'shardSize=64'])]));
  const losses = { discriminator: 0, generator: 9, penalty: 0 };
  const kinds = [1, 2, 3, 4, 9, 10, 11, 12, 13].map((step) => watch.observe({ step, losses }).kind);
  expect(kinds).toEqual([...Array<string>(8).fill('unknown'), 'discriminator-ahead']);
});
