import { dispose, tensor, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { checkArrays } from './check-arrays.ts';
import type { ArraySpec, Unit, UnitArray } from './unit.ts';

/**
 * Runs a unit eagerly on tfjs's current backend. It takes and returns plain arrays, and disposes of every tensor.
 * Rejects with a UserError if the arrays are not exactly what the unit takes.
 *
 * @category A training step
 */
export async function runUnit<I extends string, O extends string>(
  unit: Unit<I, O>,
  inputs: Readonly<Record<I, UnitArray>>,
): Promise<Record<O, Float32Array>> {
  checkArrays(unit.name, unit.inputs, inputs);
  const results = tidy(() => {
    const tensors = Object.entries<ArraySpec>(unit.inputs).map(([name, { shape, dtype }]) => {
      const array = inputs[name as I];
      // tfjs may keep the array that it is given. So tfjs gets a copy, and the caller may change the original later.
      const values = dtype === 'int32' ? Int32Array.from(array) : Float32Array.from(array);
      return [name, tensor(values, [...shape], dtype === 'int32' ? 'int32' : 'float32')] as const;
    });
    return unit.run(Object.fromEntries(tensors) as Record<I, Tensor>);
  }) as Record<O, Tensor>;
  const names = Object.keys(unit.outputs) as O[];
  try {
    const arrays = await Promise.all(names.map(async (name) => [name, await results[name].data()] as const));
    return Object.fromEntries(arrays) as unknown as Record<O, Float32Array>;
  } finally {
    dispose(results);
  }
}
