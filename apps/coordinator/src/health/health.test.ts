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
