import { expect, it } from 'vitest';
import type { CompiledUnit } from '@lstm-gan/core/step';
import { probeInputs, probeUnit } from './probe-unit.ts';

const specs = {
  weights: { shape: [1000], dtype: 'float32' },
  images: { shape: [64], dtype: 'uint8' },
  seed: { shape: [2], dtype: 'int32' },
  labels: { shape: [50], dtype: 'int32', below: 3 },
} as const;
const unitWith = (output: (inputs: Readonly<Record<string, unknown>>) => Float32Array): CompiledUnit => ({
  inputs: specs,
  outputs: { y: { shape: [1], dtype: 'float32' } },
  graphHash: '',
  run: (inputs) => Promise.resolve({ y: output(inputs) }),
  begin: (early) =>
    Promise.resolve({
      outputs: {},
      finish: (rest) => Promise.resolve({ y: output({ ...early, ...rest }) }),
      discard() {},
    }),
});

it('makes the same inputs on every machine: small, positive floats', () => {
  const inputs = probeInputs(specs);
  const { weights: floats, ...others } = specs;
  expect(inputs).toEqual(probeInputs({ ...others, weights: floats }));
  expect([...new Set(inputs['labels'] as Int32Array)].sort()).toEqual([0, 1, 2]);
  const weights = [...(inputs['weights'] as Float32Array)];
  expect(Math.min(...weights)).toBeGreaterThanOrEqual(0.0099);
  expect(Math.max(...weights)).toBeLessThan(0.0501);
  expect(new Set(weights).size).toBeGreaterThan(990);
  expect(new Set(inputs['images'] as Uint8Array).size).toBeGreaterThan(30);
});

it('hashes every bit of the outputs', async () => {
  const sum = (inputs: Readonly<Record<string, unknown>>) => Float32Array.of((inputs['weights'] as Float32Array)[7]!);
  const nearly = (inputs: Readonly<Record<string, unknown>>) => {
    const result = sum(inputs);
    new Int32Array(result.buffer)[0]! += 1;
    return result;
  };
  expect(await probeUnit(unitWith(sum))).toBe(await probeUnit(unitWith(sum)));
  expect(await probeUnit(unitWith(sum))).not.toBe(await probeUnit(unitWith(nearly)));
});
