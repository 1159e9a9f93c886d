import { checkArrays, runUnit, UserError, type ArraySpec, type UnitArray } from '@lstm-gan/core';
import { memory } from '@tensorflow/tfjs-core';
import { checkAccumulation, endAccumulation } from './accumulation.ts';
import { closedError } from './closed-error.ts';
import { earlySpecs } from './early-specs.ts';
import type { CompiledUnit, Engine, EngineOptions } from './engine.ts';
import { elementCount } from './graph/graph.ts';
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
  const arithmetic = loadNativeArithmetic(provisioned, options.threads);
  return {
    name: 'eager',
    arithmetic,
    async compile(unit) {
      if (closed) throw closedError('The eager engine');
      const run: CompiledUnit['run'] = async (inputs, accumulation) => {
        if (closed) throw closedError(`Unit ${unit.name}`);
        if (accumulation !== undefined) checkAccumulation(unit, accumulation);
        const outputs = await runUnit(unit, inputs);
        if (accumulation !== undefined) endAccumulation(unit, accumulation, outputs, arithmetic);
        return outputs;
      };
      const earlyNames: readonly string[] = unit.earlyOutputs ?? [];
      const isEarly = ([name]: [string, Float32Array]): boolean => earlyNames.includes(name);
      // There is no half of a unit here: it is run twice, the first time with nothing in place of what comes later.
      const begin: CompiledUnit['begin'] = async (early) => {
        checkArrays(unit.name, earlySpecs(unit), early);
        const outputs = earlyNames.length === 0 ? {} : await run({ ...emptyArrays(unit.inputs), ...early } as never);
        return {
          outputs: Object.fromEntries(Object.entries(outputs).filter(isEarly)),
          async finish(rest, accumulation) {
            return Object.fromEntries(
              Object.entries(await run({ ...early, ...rest } as never, accumulation)).filter(
                (entry) => !isEarly(entry),
              ),
            );
          },
          discard() {},
        };
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

const arrayTypes = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

function emptyArrays(specs: Readonly<Record<string, ArraySpec>>): Record<string, UnitArray> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [name, new arrayTypes[dtype](elementCount(shape))]),
  );
}
