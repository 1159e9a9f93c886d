/** What only an NVIDIA GPU can show. Skipped if the machine has none, or if TensorFlow for GPUs is not provisioned. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EngineOptions, Precision } from './contract/engine.ts';
import { openEngine } from './open-engine.ts';
import { defaultCacheDir } from './tensorflow/provision/cache-folder.ts';
import { locateTensorFlow } from './tensorflow/provision/provision.ts';
import { testEngine } from './testing/engine-contract.ts';
import { factors, productSize as size } from './testing/product-factors.ts';

const cacheDir = defaultCacheDir(process.env, homedir());
const hasGpu = existsSync('/dev/nvidiactl') && (await locateTensorFlow(cacheDir, 'gpu')) !== undefined;

/**
 * The root mean square of a product's errors, divided by the root mean square of the product. The product is computed
 * in another process.
 */
async function errorOfProduct(device: EngineOptions['device'], precision: Precision): Promise<number> {
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const program = fileURLToPath(new URL('./testing/print-product.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=source', '--import', tsx, program, device, precision],
    { maxBuffer: 2 ** 24 },
  );
  const product = JSON.parse(stdout) as number[];
  const { a, b } = factors();
  let [errors, squares] = [0, 0];
  product.forEach((value, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    let exact = 0;
    for (let k = 0; k < size; k++) exact += a[row * size + k] * b[k * size + column];
    errors += (value - exact) ** 2;
    squares += exact ** 2;
  });
  return Math.sqrt(errors / squares);
}

it('measures the true error of a product', async () => {
  // Every value is a sum of 256 products in float32, which has 24 significant bits.
  const error = await errorOfProduct('cpu', 'float32');
  expect(error).toBeGreaterThan(1e-9);
  expect(error).toBeLessThan(1e-6);
});

describe.skipIf(!hasGpu)('on a GPU', () => {
  testEngine('graph', () => openEngine('graph', { cacheDir, threads: 1, device: 'gpu' }), 'on a GPU');

  it('rounds factors only with tf32, and then to 10 bits', async () => {
    expect(await errorOfProduct('gpu', 'float32')).toBeLessThan(1e-6);
    const error = await errorOfProduct('gpu', 'tf32');
    // The relative error of each factor is at most 2^-11. The root mean square of both errors together is 0.8 x 2^-11.
    expect(error).toBeLessThan(2 ** -10);
    expect(error).toBeGreaterThan(2 ** -14);
  });
});
