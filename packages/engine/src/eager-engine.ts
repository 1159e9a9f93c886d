import { UserError } from '@lstm-gan/core/errors';
import { compileEagerly } from '@lstm-gan/core/step';
import { memory } from '@tensorflow/tfjs-core';
import { closedError } from './contract/closed-error.ts';
import type { Engine, EngineOptions } from './contract/engine.ts';
import { loadNativeArithmetic } from './tensorflow/runtime/native-arithmetic.ts';
import { libraryVersion } from './tensorflow/runtime/addon.ts';
import { loadStockBackend } from './tensorflow/runtime/stock-backend.ts';
import type { Provisioned } from './tensorflow/provision/provision.ts';

/**
 * The reference: runs units operation by operation on tfjs-node, with the kernels and gradients of tfjs. The eager
 * engine is slow, and simple enough to be trusted. Tests compare the graph engine with it.
 */
export async function openEagerEngine(provisioned: Provisioned, options: EngineOptions): Promise<Engine> {
  if (options.device === 'gpu') {
    throw new UserError({
      code: 'engine-without-gpu',
      message: 'The eager engine is the reference on the CPU; it was asked for a GPU.',
      advice: 'Use --engine graph with GPUs.',
    });
  }
  await loadStockBackend(provisioned, options.threads);
  let closed = false;
  const arithmetic = loadNativeArithmetic(provisioned, options.threads);
  return {
    name: 'eager',
    arithmetic,
    async compile(unit) {
      if (closed) throw closedError('The eager engine');
      return compileEagerly(unit, arithmetic, () => {
        if (closed) throw closedError(`Unit ${unit.name}`);
      });
    },
    describe: () => ({
      engine: 'eager',
      tensorflow: libraryVersion(provisioned),
      device: { kind: 'cpu', name: 'CPU' },
      threads: options.threads,
    }),
    liveTensorCount: () => memory().numTensors,
    async close() {
      closed = true;
    },
  };
}
