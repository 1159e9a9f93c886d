import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import { createRunConfig, renderSvg, type RecordedStep } from '@lstm-gan/run';
import { describe, expect, it } from 'vitest';
import { inspectionText } from './inspection-text.ts';
import { inspectModel, inspectPath } from './inspection.ts';
import { lossCurve } from './loss-curve.ts';
import { plotSvg } from './plot-svg.ts';
import { plotText } from './plot-text.ts';

const digits = presets.get('digits') as Preset;
const recorded = (step: number, discriminator: number): RecordedStep => ({
  step,
  images: 64,
  losses: { discriminator, generator: 1, penalty: 0 },
  imagesPerSecond: step === 1 ? 10 : 320,
  stepMs: 200,
  computeMs: 150,
  exchangeMs: 30,
  updateMs: 20,
});
const point = (step: number, mean: number) => ({ step, mean, min: mean, max: mean });

describe('the inspection of a run', () => {
  it('counts the parameters of every layer', () => {
    const { generator, discriminator } = inspectModel(digits.model);
    expect(generator.layers.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['dense0', 206_848],
      ['lstm', 1_574_912],
      ['norm0', 128],
      ['convTranspose0', 131_200],
      ['norm1', 256],
      ['convTranspose1', 2049],
    ]);
    expect([generator.parameters, discriminator.parameters]).toEqual([1_915_393, 660_929]);
    expect(generator.layers[1].tensors[1]).toEqual({
      name: 'lstm/recurrentKernel',
      shape: [512, 2048],
      role: 'trainable',
    });
  });

  it('tells progress and throughput, also for a run without a checkpoint', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-inspect-'));
    await writeFile(path.join(root, 'config.json'), JSON.stringify(createRunConfig(digits)));
    const before = (await inspectPath(root)).inspection;
    expect([before.progress, before.throughput]).toEqual([
      { step: 0, images: 0, durableStep: 0, trainingMs: 0, losses: null },
      null,
    ]);
    await mkdir(path.join(root, 'checkpoints'));
    await writeFile(path.join(root, 'checkpoints', 'step-00000002.safetensors'), '');
    await writeFile(
      path.join(root, 'metrics.jsonl'),
      [1, 2, 3].map((step) => `${JSON.stringify(recorded(step, step))}\n`).join(''),
    );
    const { inspection } = await inspectPath(root);
    expect(inspection.progress).toEqual({
      step: 3,
      images: 192,
      durableStep: 2,
      trainingMs: 600,
      losses: { discriminator: 3, generator: 1, penalty: 0 },
    });
    await writeFile(
      path.join(root, 'config.json'),
      JSON.stringify({ ...createRunConfig(digits), discriminatorSteps: 2 }),
    );
    expect((await inspectPath(root)).inspection.progress.images).toBe(384);
    expect(inspection.throughput?.imagesPerSecond).toBe(320);
    const text = inspectionText(inspection).join('\n');
    expect(text).toContain('step 3, 192 images, 1 s of training; the newest checkpoint is from step 2');
    expect(text).toContain('320 images/s; a step 200 ms: 150 ms computing, 30 ms exchange, 20 ms update');
    expect(text).toMatch(/lstm +1,574,912 {2}kernel \[256, 2048\] {2}recurrentKernel \[512, 2048\] {2}bias \[2048\]\n/);
    expect(text).toContain('together       2,576,322 parameters');
  });

  it('refuses a folder that holds no run, and says so', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-inspect-'));
    await expect(inspectPath(root)).rejects.toMatchObject({ code: 'no-run', message: `${root} holds no run.` });
    await writeFile(path.join(root, 'config.json'), '{"preset": 1}');
    await expect(inspectPath(root)).rejects.toMatchObject({
      code: 'no-run',
      message: expect.stringContaining('config.json does not hold'),
    });
  });
});

describe('a loss curve', () => {
  it('has a point for each step if there is room, otherwise means and ranges of equal pieces', () => {
    const steps = [1, 2, 3, 4, 5].map((step) => recorded(step, step * 10));
    expect(lossCurve(steps, 'discriminator', 9).map(({ step, mean }) => [step, mean])).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
      [5, 50],
    ]);
    expect(lossCurve(steps, 'discriminator', 2)).toEqual([
      { step: 1.5, mean: 15, min: 10, max: 20 },
      { step: 4, mean: 40, min: 30, max: 50 },
    ]);
  });

  it('is drawn in characters, from the upper left to the lower right if it falls', () => {
    expect(plotText('loss', [point(1, 2), point(2, 1)], { width: 24, height: 2 })).toEqual([
      '          loss',
      '   2.000 ┤⠉⠒⠒⠤⠤⣀⣀',
      '   1.000 ┤       ⠉⠉⠒⠒⠤⠤⣀',
      '         └──────────────',
      '          step 1  step 2',
    ]);
  });

  it('is also drawn if it is flat or one step long', () => {
    expect(plotText('loss', [point(7, 3)], { width: 14, height: 2 })[1]).toContain('3.500');
    expect(plotText('loss', [point(7, 3)], { width: 14, height: 2 }).at(-1)).toBe('          step 7');
  });

  it('is drawn as a picture, with any characters in its title', async () => {
    const curves = [
      { name: 'a', curve: [point(1, 2), point(100, 1)] },
      { name: 'b', curve: [point(1, 0), point(100, 3)] },
    ];
    const svg = plotSvg('a <b> & c', curves);
    expect(svg).toContain('a &#60;b&#62; &#38; c');
    expect(svg).toContain('M70 176.7L930 303.3');
    expect([...svg.matchAll(/text-anchor="end" fill="#555">([\d.]+)</g)].map(([, tick]) => tick)).toEqual([
      '0',
      '0.5',
      '1',
      '1.5',
      '2',
      '2.5',
      '3',
    ]);
    expect((await renderSvg(svg)).subarray(1, 4).toString()).toBe('PNG');
  });
});
