/**
 * Checks the inputs of a unit: every name is present and known, and every array has the right type, the right number
 * of values, and values in range. This is checked once, before the unit runs; later code does not check again.
 */
import { UserError } from '../errors/user-error.ts';
import type { ArraySpec, UnitArray } from './unit.ts';

/** Throws a UserError that names the unit and the array if `arrays` are not exactly what `specs` require. */
export function checkArrays(
  unit: string,
  specs: Readonly<Record<string, ArraySpec>>,
  arrays: Readonly<Record<string, UnitArray | undefined>>,
): void {
  for (const name of Object.keys(arrays)) {
    if (Object.hasOwn(specs, name)) continue;
    refuse('unknown-input', `Unit ${unit} has no input ${name}; its inputs are ${Object.keys(specs).join(', ')}.`);
  }
  for (const [name, spec] of Object.entries(specs)) checkArray(unit, name, spec, arrays[name]);
}

function checkArray(unit: string, name: string, spec: ArraySpec, array: UnitArray | undefined): void {
  if (array === undefined) refuse('missing-input', `Unit ${unit} got no ${name}.`);
  const type = arrayType(array);
  if (type !== spec.dtype) {
    refuse('wrong-input-type', `Unit ${unit} takes ${name} as ${spec.dtype}, but got ${type ?? typeof array}.`);
  }
  const expected = spec.shape.reduce((product, length) => product * length, 1);
  if (array.length !== expected) {
    const shape = `[${spec.shape.join(', ')}]`;
    refuse(
      'wrong-input-shape',
      `Unit ${unit} takes ${name} of shape ${shape}, ${expected} values, but got ${array.length}.`,
    );
  }
  const { below } = spec;
  const wrong = below === undefined ? undefined : array.find((value) => value < 0 || value >= below);
  if (wrong !== undefined)
    refuse('wrong-input-value', `Unit ${unit} takes ${name} from 0 to ${Number(below) - 1}, but got ${wrong}.`);
}

/** The dtype of an array that a unit can take; undefined for any other value. */
function arrayType(array: unknown): ArraySpec['dtype'] | undefined {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Int32Array) return 'int32';
  return array instanceof Uint8Array ? 'uint8' : undefined;
}

function refuse(code: string, message: string): never {
  throw new UserError({ code, message, advice: 'Pass exactly the arrays that the unit lists under `inputs`.' });
}
