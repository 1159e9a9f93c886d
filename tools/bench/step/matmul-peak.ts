/** The rate of a large matrix product with the same engine and threads. A step's rate is compared with it. */
import { performance } from 'node:perf_hooks';
import type { ArraySpec, Unit } from '@lstm-gan/core';
import type { Engine } from '@lstm-gan/engine';
import { matMul, sum } from '@tensorflow/tfjs-core';

const size = 2048;
const square: ArraySpec = { shape: [size, size], dtype: 'float32' };

const product: Unit<'a' | 'b', 'y'> = {
  // This is not a unit of a step. Its own name keeps its graph separate in the cache.
  name: 'matmul-peak',
  identity: String(size),
  inputs: { a: square, b: square },
  outputs: { y: { shape: [], dtype: 'float32' } },
  // The sum returns one number, so that no time is spent on copying the product out.
  run: ({ a, b }) => ({ y: sum(matMul(a, b)) }),
};

/**
 * Returns a function that measures once. It resolves to floating-point operations a second; a multiplication and an
 * addition are two.
 */
export async function createMatmulPeak(engine: Engine): Promise<() => Promise<number>> {
  const compiled = await engine.compile(product);
  const fill = (): Float32Array => Float32Array.from({ length: size * size }, (_, i) => (i % 17) / 17);
  const inputs = { a: fill(), b: fill() };
  return async () => {
    const startMs = performance.now();
    await compiled.run(inputs);
    return (2 * size ** 3) / ((performance.now() - startMs) / 1000);
  };
}
