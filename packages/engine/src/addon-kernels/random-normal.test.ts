import { statelessNormal } from '@lstm-gan/core/random';
import { expect, it } from 'vitest';
import { float, runOperation, type Feed } from '../testing/run-operation.ts';

const integers = (...data: number[]): Feed => ({
  spec: { dtype: 'int32', shape: [data.length] },
  data: Int32Array.from(data),
});

// Shapes: one number; two blocks and a rest; more numbers than one thread draws.
it.each([[[1]], [[3, 7, 25]], [[2, 64, 64, 3]]])(
  'normal numbers of shape %j have the bits of core, with any number of threads',
  async (shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const expected = statelessNormal([-7, 123_456_789], size);
    const inputs = { shape: integers(...shape), seed: integers(-7, 123_456_789) };
    for (const threads of [1, 3])
      expect(await runOperation('LstmGanRandomNormal', inputs, {}, [float(...shape)], threads)).toEqual([expected]);
  },
);

it('agree with those of TensorFlow up to rounding', async () => {
  const seed = integers(5, -9);
  const attributes = {
    dtype: { kind: 'type', value: 'float32' },
    T: { kind: 'type', value: 'int32' },
    Tseed: { kind: 'type', value: 'int32' },
  } as const;
  const inputs = { shape: integers(9999), seed };
  const [theirs] = await runOperation('StatelessRandomNormal', inputs, attributes, [float(9999)]);
  const [ours] = await runOperation('LstmGanRandomNormal', inputs, {}, [float(9999)]);
  expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i])))).toBeLessThan(1e-5);
});

it('refuses a seed of another size and a negative length, in a sentence', async () => {
  const run = (shape: Feed, seed: Feed) => runOperation('LstmGanRandomNormal', { shape, seed }, {}, [float(1)]);
  await expect(run(integers(4), integers(1, 2, 3))).rejects.toThrow('has two numbers');
  await expect(run(integers(-4), integers(1, 2))).rejects.toThrow('no negative length');
});
