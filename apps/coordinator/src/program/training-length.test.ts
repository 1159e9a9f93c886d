import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { imageCount } from './run-option-values.ts';
import { presetConfig } from '../open-run/new-run-config.ts';
import { describeLength, lastStep, observePastSteps, readStopRule } from './training-length.ts';

const digits = presetConfig('digits');

const at = (step: number, askedStep?: number, config = digits) => ({
  config,
  root: 'runs/photos',
  imageCount: 10_000,
  step,
  askedStep,
});

it('takes the last step from --steps, from --images over all discriminator phases rounded up, or from the preset', () => {
  expect(lastStep({ steps: 7 }, at(3))).toBe(7);
  expect(lastStep({ images: 320_000 }, at(0))).toBe(5000);
  expect(lastStep({ images: 65 }, at(0))).toBe(2);
  expect(lastStep({ images: 320_000 }, at(0, undefined, { ...digits, discriminatorSteps: 2 }))).toBe(2500);
  expect([lastStep({}, at(0)), lastStep({}, at(9000))]).toEqual([1400, 9000]);
});

it('takes the last step from --epochs, rounded up', () => {
  expect(lastStep({ epochs: 1 }, at(0))).toBe(157);
  expect(lastStep({ epochs: 9 }, at(0))).toBe(1407);
});

it.each([
  // 200 passes over 300 images are fewer than 100,000 images.
  ['rows', 300, 16, 100_000],
  ['rows', 300, 64, 100_000],
  ['rows', 1000, 16, 200_000],
  // 200 passes over 10,000 images are more than the preset's 50,000 steps of 16 images.
  ['rows', 10_000, 16, 800_000],
  ['digits', 300, 64, 89_600],
])(
  'trains %s on a folder of %i images, in batches of %i, on %i images by default',
  (preset, imageCount, batchSize, images) => {
    const config = { ...presetConfig(preset), data: '/home/me/photos', batchSize };
    expect(lastStep({}, { ...at(0, undefined, config), imageCount })).toBe(Math.ceil(images / batchSize));
  },
);

it('trains on a data set with a name as many steps as the preset has, in batches of any size', () => {
  for (const data of ['digits', 'emoji'])
    expect(lastStep({}, at(0, undefined, { ...presetConfig('rows'), data, batchSize: 64 }))).toBe(50_000);
});

it('says how long a run is, in steps, images and passes', () => {
  expect(describeLength(1563, digits, 300)).toBe('up to step 1563: 100,032 images, 333 passes');
  expect(describeLength(4, digits, 300)).toBe('up to step 4: 256 images, less than one pass');
  expect(describeLength(10, { ...digits, discriminatorSteps: 2 }, 1000)).toBe(
    'up to step 10: 1,280 images, 1.3 passes',
  );
});

it('goes on to the step that was asked for before, and refuses a step that the run has passed', () => {
  expect([
    lastStep({}, at(66, 600)),
    lastStep({ steps: 66 }, at(66, 600)),
    lastStep({ steps: 700 }, at(66, 600)),
  ]).toEqual([600, 66, 700]);
  expect(() => lastStep({ steps: 5 }, at(66, 600))).toThrow(
    expect.objectContaining({
      code: 'step-passed',
      message: 'runs/photos is at step 66 already; --steps 5 lies behind it.',
      advice: expect.stringContaining('Name a later step, or leave it out to go on to step 600.'),
    }),
  );
  expect(() => lastStep({ images: 640 }, at(66, 66))).toThrow('--images 640, which is step 10, lies behind it.');
});

it('reads image counts with suffixes, and says what it expected', () => {
  expect(['320k', '1.5M', '64000', '64_000'].map(imageCount)).toEqual([320_000, 1_500_000, 64_000, 64_000]);
  for (const text of ['', 'k', '-1', '0', '3g', '1.0001k0', '0.0001k'])
    expect(() => imageCount(text)).toThrow('such as 64000, 320k or 1.5M');
});

it('lets a stop rule observe the steps that a resumed run has computed already', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-past-')), 'metrics.jsonl');
  const times = { imagesPerSecond: 9, stepMs: 4, computeMs: 3, exchangeMs: 1, updateMs: 0 };
  const line = (step: number, generator: number) =>
    `${JSON.stringify({ step, images: 8, losses: { generator, discriminator: 0, penalty: 0 }, ...times })}\n`;
  await writeFile(file, line(1, 4) + line(2, 2) + line(3, 100));
  const rule = readStopRule({ stopWhen: 'losses.generator<5', stopWindow: 2, stopPatience: 1 });
  await observePastSteps(rule, file, 2);
  expect([rule?.value, rule?.isMet]).toEqual([3, true]);
  expect(readStopRule({ stopWindow: 2, stopPatience: 1 })).toBeUndefined();
});
