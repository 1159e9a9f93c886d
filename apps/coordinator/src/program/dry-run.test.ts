import { configure, readSettings } from '@lstm-gan/run';
import { expect, it } from 'vitest';
import { findPreset, presetConfig } from '../open-run/new-run-config.ts';
import { dryRunLines, type PlannedTraining } from './dry-run.ts';

const digits: PlannedTraining = {
  config: presetConfig('digits'),
  root: 'runs/digits',
  dataset: { count: 10_000, leftOut: [], labels: { names: ['0', '1'], values: new Uint16Array(10_000) } },
  step: 0,
  steps: 1400,
  resumedFrom: undefined,
  measured: [],
  workers: '2 on this machine (CPU, 1 thread each)',
  stopWhen: undefined,
};

const lineOf = (planned: PlannedTraining, name: string): string | undefined =>
  dryRunLines(planned).find((line) => line.startsWith(`  ${name}`));

it('says what would be trained, on what, how long and where', () => {
  expect(dryRunLines(digits)).toEqual([
    'This is a dry run: nothing is trained, and the folder of the run stays as it is.',
    '  run            a new one in runs/digits',
    '  preset         digits',
    '  data           digits: 10,000 images, 2 classes (0, 1)',
    '  image size     32x32, gray',
    '  generator      rows, 1,915,393 parameters',
    '  discriminator  660,929 parameters; loss non-saturating',
    '  batch          64 images, in 4 shards of 16',
    '  length         up to step 1400: 89,600 images, 9.0 passes',
    '  workers        2 on this machine (CPU, 1 thread each)',
    '  time           not known before steps are measured; training says it after ten steps, and bench measures it',
  ]);
});

it('names the fields that differ from the preset, files that cannot be used, and a stop condition', () => {
  const layer = readSettings(['optimizer.generator.learningRate=0.1', 'discriminatorSteps=2', 'data=photos']);
  const config = configure(findPreset('digits'), [layer]);
  const dataset = { count: 7, leftOut: [{ file: 'a.txt', reason: 'no picture' }] };
  const planned = { ...digits, config, dataset, stopWhen: 'losses.generator<0.7' };
  expect(lineOf(planned, 'preset')).toBe(
    '  preset         digits, but discriminatorSteps 2, not 1; optimizer.generator.learningRate 0.1, not 0.0015',
  );
  expect(lineOf(planned, 'data')).toBe('  data           photos: 7 images, no classes; 1 file cannot be used');
  expect(lineOf(planned, 'batch')).toContain(', 2 discriminator phases in a step');
  expect(lineOf(planned, 'ends earlier')).toBe('  ends earlier   when losses.generator<0.7');
});

it('takes the time of a resumed run from the steps that it has measured, and only from them', () => {
  const resumed = { ...digits, step: 1000, resumedFrom: 'runs/digits/checkpoints/step-00001000.safetensors' };
  const measured = [{ stepMs: 300 }, { stepMs: 250 }, { stepMs: 9000 }];
  expect(lineOf({ ...resumed, measured }, 'time')).toBe(
    '  time           about 2 min 00 s, if a step takes 300 ms as the 3 steps of this run did',
  );
  expect(lineOf(resumed, 'run')).toBe(
    '  run            runs/digits goes on from step 1000, runs/digits/checkpoints/step-00001000.safetensors',
  );
  expect(lineOf({ ...resumed, step: 1400 }, 'time')).toBe('  time           none: nothing is left to train');
});
