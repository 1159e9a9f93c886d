import type { Finding } from '@lstm-gan/run';
import { expect, it } from 'vitest';
import { presetConfig } from '../open-run/new-run-config.ts';
import { createHealth } from './health.ts';

// A step of the preset reads 64 images.
const config = presetConfig('digits');

function healthOf(earlier: readonly Finding[] = []) {
  const said: Finding[] = [];
  return { said, health: createHealth(config, earlier, (finding) => said.push(finding)) };
}

const observe = (health: ReturnType<typeof healthOf>['health'], from: number, to: number, discriminator: number) => {
  for (let step = from; step <= to; step++)
    health.observe({ step, losses: { discriminator, generator: 1, penalty: 0 } });
};

it('says once what it finds, with step, images and advice, and has a word for the run at every step', () => {
  const { health, said } = healthOf();
  expect(health.word).toBe('too early to judge');
  observe(health, 1, 80, 1);
  expect([health.word, said]).toEqual(['healthy', []]);
  observe(health, 81, 400, 0.01);
  expect(health.word).toBe('D ahead');
  expect(said).toEqual([
    {
      event: 'discriminator-ahead',
      step: 160,
      images: 10_240,
      message: expect.stringContaining('its mean loss was 0.010, and 1.4 if') as string,
      advice: expect.stringContaining('model.regularizer.kind=approximate-r1') as string,
    },
  ]);
  observe(health, 401, 500, 1);
  observe(health, 501, 503, 2000);
  expect([health.word, said.map(({ event }) => event)]).toEqual(['diverged', ['discriminator-ahead', 'diverged']]);
  expect(health.findings).toEqual(said);
});

it('finds one picture for every noise in a grid, but not in the first 10,000 images', () => {
  const { health, said } = healthOf();
  observe(health, 1, 80, 1);
  health.observeGrid(156, 0.01);
  expect(said).toEqual([]);
  health.observeGrid(157, NaN);
  health.observeGrid(157, 0.11);
  expect([health.word, said]).toEqual(['healthy', []]);
  health.observeGrid(200, 0.09);
  health.observeGrid(300, 0.05);
  expect([health.word, said.map(({ event, step }) => [event, step])]).toEqual(['one picture', [['one-picture', 200]]]);
  health.observeGrid(400, 0.5);
  expect(health.word).toBe('healthy');
});

it('does not say again what an earlier start has found, and forgets what was found after a step that it goes back to', () => {
  const first = healthOf();
  first.health.observeGrid(200, 0);
  const { health, said } = healthOf(first.said);
  health.observeGrid(300, 0);
  expect([said, health.findings]).toEqual([[], first.said]);
  health.rewind(199);
  expect(health.findings).toEqual([]);
  health.observeGrid(400, 0);
  expect(said.map(({ step }) => step)).toEqual([400]);
});

const fd = { name: 'fd2k', metric: 'fd2k_digits', key: 'fd2k_digits', isLowerBetter: true, isCopyShare: false };

it('finds a number that is 1.3 times worse than its best, from the third value on', () => {
  const { health, said } = healthOf();
  for (const [step, value] of [200, 10, 12.9].entries()) health.observeNumber(fd, 100 * step, value);
  health.observeNumber(fd, 300, 13.1);
  health.observeNumber(fd, 400, 99);
  expect(said.map(({ event, step, message }) => [event, step, message])).toEqual([
    ['past-best', 300, 'fd2k_digits is 13.10 after step 300, and was 10.00 at its best.'],
  ]);
  expect(health.word).toBe('past its best');
  const early = healthOf();
  for (const value of [10, 99]) early.health.observeNumber(fd, 100, value);
  expect(early.said).toEqual([]);
});

it('finds that variety falls: a number of which more is better', () => {
  const coverage = { ...fd, key: 'neighbours2k_k3_digits_coverage', isLowerBetter: false };
  const { health, said } = healthOf();
  for (const value of [0.1, 0.5, 0.39]) health.observeNumber(coverage, 100, value);
  expect(said).toEqual([]);
  health.observeNumber(coverage, 400, 0.38);
  expect(said).toMatchObject([
    { event: 'past-best', message: expect.stringContaining('0.5000 at its best') as string },
  ]);
});

it('finds copies of real images, but not in the first 10,000 images', () => {
  const share = { ...fd, key: 'copying2k_digits_share', isCopyShare: true };
  const { health, said } = healthOf();
  health.observeNumber(share, 100, 0.9);
  health.observeNumber(share, 200, 0.2);
  expect(said).toEqual([]);
  health.observeNumber(share, 300, 0.21);
  expect([health.word, said.map(({ event, step }) => [event, step])]).toEqual(['copies', [['copies', 300]]]);
});
