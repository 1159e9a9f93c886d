import { runUnit, type ArraySpec, type UnitArray } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { checkArrays } from '@lstm-gan/core/step';
import { memory } from '@tensorflow/tfjs-core';
import { checkAccumulation, endAccumulation } from './contract/accumulation.ts';
import { closedError } from './contract/closed-error.ts';
import { earlyInputSpecs } from './contract/early-input-specs.ts';
import type { CompiledUnit, Engine, EngineOptions } from './contract/engine.ts';
import { elementCount } from './graph/graph.ts';
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
      const run: CompiledUnit['run'] = async (inputs, accumulation) => {
        if (closed) throw closedError(`Unit ${unit.name}`);
        if (accumulation !== undefined) checkAccumulation(unit, accumulation);
        const outputs = await runUnit(unit, inputs);
        if (accumulation !== undefined) endAccumulation(unit, accumulation, outputs, arithmetic);
        return outputs;
      };
      const earlyNames: readonly string[] = unit.earlyOutputs ?? [];
      const isEarly = ([name]: [string, Float32Array]): boolean => earlyNames.includes(name);
      // The eager engine cannot run a part of a unit: `begin` and `finish` each run the whole unit. `begin` feeds zeros
      // for the late inputs, and does not run a unit without early outputs.
      const begin: CompiledUnit['begin'] = async (early) => {
        checkArrays(unit.name, earlyInputSpecs(unit), early);
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
