/**
 * Loads tfjs-node's backend with the binding that provisioning compiled. tfjs-node's index.js is not used, because it
 * looks for a binding in its own folder. tfjs-node may load another copy of tfjs than we do; this is no problem,
 * because tfjs keeps its engine and registries in the global scope, and all copies share them.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import { registerBackend, setBackend, type KernelBackend } from '@tensorflow/tfjs-core';
import { assert } from '@lstm-gan/core/errors';
import type { Provisioned } from '../provision/provision.ts';
import { loadNative } from './load-native.ts';

let loadedThreads: number | undefined;

/**
 * Makes 'tensorflow' the current backend. A process loads tfjs-node's backend once, with one thread count, because
 * TensorFlow reads the thread count from the environment when TensorFlow starts.
 */
export async function loadStockBackend({ paths, tfjsNode }: Provisioned, threads: number): Promise<void> {
  if (loadedThreads === undefined) {
    setThreads(threads);
    replaceUtil();
    const require = createRequire(path.join(tfjsNode, 'package.json'));
    const { NodeJSKernelBackend } = require('./dist/nodejs_kernel_backend.js') as {
      NodeJSKernelBackend: new (binding: unknown, packageName: string) => KernelBackend;
    };
    require('./dist/register_all_kernels.js');
    const binding = loadNative(paths.stockBinding);
    registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'), 3);
    loadedThreads = threads;
  }
  assert(loadedThreads === threads, `tfjs-node runs with ${loadedThreads} threads in this process, not ${threads}`);
  await setBackend('tensorflow');
}

function setThreads(threads: number): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
}

/**
 * Puts functions of our own in the place of two of Node's that tfjs-node 4.22 calls. Node 22 and newer print a warning
 * about each of them (DEP0044, DEP0051), which no user can act upon. Node 23 has removed the second.
 */
function replaceUtil(): void {
  const old = util as unknown as Record<'isArray' | 'isNullOrUndefined', (value: unknown) => boolean>;
  old.isArray = Array.isArray;
  old.isNullOrUndefined = (value) => value === null || value === undefined;
}
