import type { EvaluateSum } from '../fold/sum-tree.ts';
import { checkAccumulation, endAccumulation } from './accumulation.ts';
import { checkArrays } from './check-arrays.ts';
import type { CompiledUnit, UnitArrays } from './compiled-unit.ts';
import { earlyInputSpecs } from './early-input-specs.ts';
import { runUnit } from './run-unit.ts';
import type { ArraySpec, Unit, UnitArray } from './unit.ts';

/**
 * Prepares a unit to run operation by operation on tfjs's current backend. The eager engine does so on tfjs-node; the
 * trainer does so on the backend that its user chose.
 * @param checkOpen called before each run; may throw
 */
export function compileEagerly<I extends string, O extends string>(
  unit: Unit<I, O>,
  arithmetic: { readonly evaluateSum: EvaluateSum },
  checkOpen: () => void = () => undefined,
): CompiledUnit<I, O> {
  const run: CompiledUnit['run'] = async (inputs, accumulation) => {
    checkOpen();
    if (accumulation !== undefined) checkAccumulation(unit, accumulation);
    const outputs = await runUnit(unit, inputs);
    if (accumulation !== undefined) endAccumulation(unit, accumulation, outputs, arithmetic);
    return outputs;
  };
  const earlyNames: readonly string[] = unit.earlyOutputs ?? [];
  const isEarly = ([name]: [string, Float32Array]): boolean => earlyNames.includes(name);
  // A unit cannot stop half-way and go on later without keeping tensors. So `finish` runs the whole unit. `begin` runs
  // only what gives the early outputs, if the unit says what that is. Otherwise `begin` runs the whole unit with zeros
  // for the late inputs.
  const runEarly = async (early: UnitArrays<string>): Promise<Record<string, Float32Array>> => {
    if (earlyNames.length === 0) return {};
    if (unit.runEarly === undefined) return run({ ...emptyArrays(unit.inputs), ...early } as never);
    checkOpen();
    const outputs = Object.fromEntries(earlyNames.map((name) => [name, unit.outputs[name as O]]));
    return runUnit<string, string>(
      { ...unit, inputs: earlyInputSpecs(unit), outputs, run: unit.runEarly as Unit['run'] },
      early as never,
    );
  };
  const begin: CompiledUnit['begin'] = async (early) => {
    checkArrays(unit.name, earlyInputSpecs(unit), early);
    const outputs = await runEarly(early);
    return {
      outputs: Object.fromEntries(Object.entries(outputs).filter(isEarly)),
      async finish(rest, accumulation) {
        return Object.fromEntries(
          Object.entries(await run({ ...early, ...rest } as never, accumulation)).filter((entry) => !isEarly(entry)),
        );
      },
      discard() {},
    };
  };
  return { inputs: unit.inputs, outputs: unit.outputs, graphHash: '', run, begin } as never;
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

function emptyArrays(specs: Readonly<Record<string, ArraySpec>>): Record<string, UnitArray> {
  const countOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [name, new arrayTypes[dtype](countOf(shape))]),
  );
}
