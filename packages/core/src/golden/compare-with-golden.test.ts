import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import '@tensorflow/tfjs';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { runUnit } from '../step/run-unit.ts';
import { compareWithGolden, type RunUnit } from './compare-with-golden.ts';

const folder = path.join(import.meta.dirname, '../../../../test/fixtures/golden');
const read = (name: string) => readFileSync(path.join(folder, `${name}.safetensors`));

beforeAll(async () => {
  await setBackend('cpu');
});

it.each(readdirSync(folder).map((file) => path.parse(file).name))(
  'agrees with the golden values of %s on plain tfjs',
  async (name) => {
    const results = await compareWithGolden(runUnit, read(name));
    expect(results.map(({ group }) => group)).toEqual([
      'losses',
      'outputs',
      'gradient discriminator',
      'batch statistics',
      'gradient generator',
      'after three steps generator',
      'after three steps discriminator',
      'exact R1',
      'gradientR1 discriminator',
      'inference',
    ]);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(memory().numTensors).toBe(0);
  },
);

it('reports a gradient that is too large by a thousandth', async () => {
  const slightlyWrong: RunUnit = async (unit, inputs) => {
    const outputs = await runUnit(unit, inputs);
    const arrays = outputs as Record<string, Float32Array>;
    if ('gradient' in arrays) arrays.gradient = arrays.gradient.map((value) => value * 1.001);
    return outputs;
  };
  const failed = (await compareWithGolden(slightlyWrong, read('rows-32'))).filter(({ passed }) => !passed);
  expect(failed.map(({ group }) => group)).toContain('gradient discriminator');
});
