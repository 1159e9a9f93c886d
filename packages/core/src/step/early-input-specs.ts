import type { ArraySpec, Unit } from './unit.ts';

/** The specs of a unit's early inputs: the inputs that are known before the others. Empty if the unit has none. */
export function earlyInputSpecs({ inputs, early = [] }: Pick<Unit, 'inputs' | 'early'>): Record<string, ArraySpec> {
  return Object.fromEntries(early.map((name) => [name, inputs[name]]));
}
