import { checkArrays, runUnit, UserError } from '@lstm-gan/core';
import { memory } from '@tensorflow/tfjs-core';
import { closedError } from './closed-error.ts';
import { earlySpecs } from './early-specs.ts';
import type { CompiledUnit, Engine, EngineOptions } from './engine.ts';
import { loadNativeArithmetic } from './tensorflow/native-arithmetic.ts';
import { libraryVersion } from './tensorflow/session.ts';
import { loadStockBackend } from './tensorflow/stock-backend.ts';
import type { Provisioned } from './tensorflow/provision.ts';

/**
 * The reference: runs units operation by operation on tfjs-node with its stock kernels and gradients. Slow, and simple
 * enough to be believed; the graph engine is held against it.
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
  return {
    name: 'eager',
    arithmetic: loadNativeArithmetic(provisioned, options.threads),
    async compile(unit) {
      if (closed) throw closedError('The eager engine');
      const run: CompiledUnit['run'] = (inputs) => {
        if (closed) return Promise.reject(closedError(`Unit ${unit.name}`));
        return runUnit(unit, inputs);
      };
      const begin: CompiledUnit['begin'] = async (early) => {
        checkArrays(unit.name, earlySpecs(unit), early);
        return (rest) => run({ ...early, ...rest } as never);
      };
      return { inputs: unit.inputs, outputs: unit.outputs, graphHash: '', run, begin } as never;
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
