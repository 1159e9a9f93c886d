/** What the machine gives a matrix product through the same engine and threads: the limit that a step is held against. */
import { performance } from 'node:perf_hooks';
import type { ArraySpec, Unit, UnitName } from '@lstm-gan/core';
import type { Engine } from '@lstm-gan/engine';
import { matMul, sum } from '@tensorflow/tfjs-core';

const size = 2048;
const square: ArraySpec = { shape: [size, size], dtype: 'float32' };

const product: Unit<'a' | 'b', 'y'> = {
  // No unit of a step; its own name keeps its graph apart in the cache.
  name: 'matmul-peak' as UnitName,
  identity: String(size),
  inputs: { a: square, b: square },
  outputs: { y: { shape: [], dtype: 'float32' } },
  // One number comes back, so that no time goes into handing out the product.
  run: ({ a, b }) => ({ y: sum(matMul(a, b)) }),
};

/** Measures once a call; resolves to floating-point operations a second, a multiplication and an addition being two. */
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
