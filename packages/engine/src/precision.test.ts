import { normalNoise, type Unit } from '@lstm-gan/core';
import { conv2d, matMul, reshape, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { Precision } from './contract/engine.ts';
import { openEngine } from './open-engine.ts';
import { supportsBfloat16 } from './processor.ts';
import { runOn, smallInputs } from './testing/engine-contract.ts';
import { provisionedCache } from './testing/provisioned-tensorflow.ts';

type Outputs = Readonly<Record<string, Float32Array>>;

let cacheDir: string;
beforeAll(async () => {
  cacheDir = await provisionedCache();
});

/** Every output of every unit of a small model. */
async function outputsAt(precision: Precision): Promise<Record<string, Float32Array>> {
  const engine = await openEngine('graph', { cacheDir, threads: 1, device: 'cpu', precision });
  try {
    const all: Record<string, Float32Array> = {};
    for (const { unit, inputs } of smallInputs()) {
      const outputs: Outputs = await runOn(engine)(unit, inputs);
      for (const [name, values] of Object.entries(outputs)) all[`${unit.name} ${name}`] = values;
    }
    return all;
  } finally {
    await engine.close();
  }
}

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

/** Rounds to bfloat16, which has 8 significant bits. A tie is rounded to even. */
function roundToBfloat16(values: Float32Array): Float32Array {
  const words = new Uint32Array(values.slice().buffer).map(
    (word) => (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000,
  );
  return new Float32Array(words.buffer);
}

const ifSupported = it.skipIf(!supportsBfloat16());

ifSupported(
  'rounds the factors of products and convolutions and their results to bfloat16, but not the sums in between',
  async () => {
    const unit: Unit<'x' | 'kernel' | 'matrix', 'y' | 'z'> = {
      name: 'generator-sample',
      identity: 'a convolution and a product',
      inputs: {
        x: { shape: [2, 8, 8, 16], dtype: 'float32' },
        kernel: { shape: [4, 4, 16, 32], dtype: 'float32' },
        matrix: { shape: [128, 24], dtype: 'float32' },
      },
      outputs: { y: { shape: [2, 4, 4, 32], dtype: 'float32' }, z: { shape: [16, 24], dtype: 'float32' } },
      run: ({ x, kernel, matrix }) => ({
        y: conv2d(x as Tensor4D, kernel as Tensor4D, 2, 'same'),
        z: matMul(reshape(x, [16, 128]) as Tensor2D, matrix as Tensor2D),
      }),
    };
    const inputs = {
      x: normalNoise([1, 7], 2048),
      kernel: normalNoise([2, 7], 8192),
      matrix: normalNoise([3, 7], 3072),
    };
    const roundedInputs = {
      x: roundToBfloat16(inputs.x),
      kernel: roundToBfloat16(inputs.kernel),
      matrix: roundToBfloat16(inputs.matrix),
    };
    const run = async (precision: Precision, feeds: typeof inputs): Promise<Outputs> => {
      const engine = await openEngine('graph', { cacheDir, threads: 1, device: 'cpu', precision });
      try {
        return await (await engine.compile(unit)).run(feeds);
      } finally {
        await engine.close();
      }
    };
    const [exact, rounded] = [await run('float32', roundedInputs), await run('bfloat16', inputs)];
    for (const name of ['y', 'z']) {
      // Both runs multiply the same rounded factors, and sum in float32. The bfloat16 run then rounds the result, by at
      // most half a unit in the last of 8 significant bits. A further difference of at most 1e-4 comes from the order
      // of the terms.
      exact[name].forEach((value, i) =>
        expect(Math.abs(rounded[name][i] - value)).toBeLessThanOrEqual(2 ** -8 * Math.abs(value) + 1e-4),
      );
      expect(rounded[name]).toEqual(roundToBfloat16(rounded[name]));
    }
  },
);

ifSupported('gives gradients in bfloat16 with nearly the direction of those in float32', async () => {
  const [exact, rounded] = [await outputsAt('float32'), await outputsAt('bfloat16')];
  expect(Object.keys(rounded)).toEqual(Object.keys(exact));
  for (const [name, values] of Object.entries(exact)) {
    const dot = values.reduce((sum, value, i) => sum + value * rounded[name][i], 0);
    if (norm(values) > 0) expect(dot / (norm(values) * norm(rounded[name])), name).toBeGreaterThan(0.98);
  }
  expect(rounded['generator-backward contribution']).not.toEqual(exact['generator-backward contribution']);
});

it('accepts bfloat16 only on processors with kernels for it', async () => {
  const opening = openEngine('graph', { cacheDir, threads: 1, device: 'cpu', precision: 'bfloat16' }).then((engine) =>
    engine.close(),
  );
  const outcome = await opening.then(
    () => 'opened',
    ({ code }: { code: string }) => code,
  );
  expect(outcome).toBe(supportsBfloat16() ? 'opened' : 'precision-needs-avx512');
});

it.each([
  ['tf32', 'graph', 'precision-needs-gpu'],
  ['bfloat16', 'eager', 'precision-of-graphs'],
] as const)('refuses %s in the %s engine on a CPU', async (precision, engine, code) => {
  await expect(openEngine(engine, { cacheDir, threads: 1, device: 'cpu', precision })).rejects.toMatchObject({ code });
});
