import { statelessUniform } from '@lstm-gan/core/random';
import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

describe('dropout', () => {
  const rate = 0.3;
  const scale = 1 / (1 - rate);
  const attributes = { rate: { kind: 'float', value: rate }, scale: { kind: 'float', value: scale } } as const;

  // Sizes: one value; one block; some blocks and a rest; more values than one thread computes.
  it.each([1, 64, 1000, 70_003])(
    'drops of %i values those that the stateless stream says, with any number of threads',
    async (size) => {
      const features = numbers(1, size);
      const seed = Int32Array.of(-7, 123_456_789);
      const inputs = {
        features: { spec: float(size), data: features },
        seed: { spec: { dtype: 'int32', shape: [2] }, data: seed },
      } as const;
      const outputs = [float(size), { dtype: 'bool', shape: [size] } as const];
      const uniform = statelessUniform(seed, size);
      const factor = Math.fround(scale);
      const expected = features.map((value, i) => value * (uniform[i] >= rate ? factor : 0));
      for (const threads of [1, 3]) {
        expect(await runOperation('LstmGanDropout', inputs, attributes, outputs, threads)).toEqual([expected]);
      }
    },
  );

  it('refuses a seed of another size, in a sentence', async () => {
    const inputs = {
      features: { spec: float(4), data: numbers(1, 4) },
      seed: { spec: { dtype: 'int32', shape: [3] }, data: new Int32Array(3) },
    } as const;
    await expect(
      runOperation('LstmGanDropout', inputs, attributes, [float(4), { dtype: 'bool', shape: [4] }]),
    ).rejects.toThrow('a seed of dropout has two numbers');
  });
});
