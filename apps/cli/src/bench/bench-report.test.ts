import { presets, type Preset } from '@lstm-gan/core';
import { createRunConfig, type StepMetrics } from '@lstm-gan/run';
import { expect, it } from 'vitest';
import { benchReport, benchText } from './bench-report.ts';

const machine = { processor: 'a processor', cores: 4, node: '20.19.0' };
const config = createRunConfig(presets.get('digits') as Preset);
const step = (stepMs: number) =>
  ({
    imagesPerSecond: 64_000 / stepMs,
    stepMs,
    phaseMs: { discriminator: stepMs - 80, generator: 80 },
    computeMs: 90,
    exchangeMs: 6,
    updateMs: 4,
  }) as StepMetrics;

it('tells the median, the minimum and the maximum of each time, and what was measured', () => {
  const report = benchReport(
    machine,
    config,
    { workers: 2, threads: 1 },
    { tensorflow: '2.21.0', steps: [step(200), step(100), step(400)] },
  );
  expect(report).toMatchObject({
    machine: { ...machine, tensorflow: '2.21.0' },
    config: { preset: 'digits', batchSize: 64, shardSize: 16, engine: 'graph' },
    workers: 2,
    threads: 1,
    steps: 3,
    imagesPerSecond: { median: 320, min: 160, max: 640 },
    stepMs: { median: 200, min: 100, max: 400 },
    discriminatorMs: { median: 120, min: 20, max: 320 },
    generatorMs: { median: 80, min: 80, max: 80 },
  });
  const text = benchText(report).join('\n');
  expect(text).toContain(
    'digits, batch 64 in shards of 16, workers 2, threads 1, graph engine, 3 steps\na processor, 4 cores, Node 20.19.0, TensorFlow 2.21.0\n',
  );
  expect(text).toMatch(
    /\nstep +200 +100 +400\n {2}discriminator's phase +120 +20 +320\n {2}generator's phase +80 +80 +80\n/,
  );
  expect(text).toMatch(/\nimages\/s +320 +160 +640$/);
});
