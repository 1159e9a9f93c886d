/**
 * `print-product.ts DEVICE PRECISION`: computes a matrix product, and prints its floats as JSON. It is a program of its
 * own, because CUDA decides only once in a process whether products use TF32.
 */
import { homedir } from 'node:os';
import type { Unit } from '@lstm-gan/core';
import { matMul, type Tensor2D } from '@tensorflow/tfjs-core';
import type { EngineOptions, Precision } from '../contract/engine.ts';
import { openEngine } from '../open-engine.ts';
import { defaultCacheDir } from '../tensorflow/provision/cache-folder.ts';
import { factors, productSize as size } from './product-factors.ts';

const [device, precision] = process.argv.slice(2) as [EngineOptions['device'], Precision];
const matrix = { shape: [size, size], dtype: 'float32' } as const;
const unit: Unit<'a' | 'b', 'product'> = {
  name: 'generator-sample',
  identity: 'a product of two matrices',
  inputs: { a: matrix, b: matrix },
  outputs: { product: matrix },
  run: ({ a, b }) => ({ product: matMul(a as Tensor2D, b as Tensor2D) }),
};
const engine = await openEngine('graph', {
  cacheDir: defaultCacheDir(process.env, homedir()),
  threads: 1,
  device,
  precision,
});
const { product } = await (await engine.compile(unit)).run(factors());
await engine.close();
process.stdout.write(JSON.stringify(Array.from(product)));
