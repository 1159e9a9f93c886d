import type { ArraySpec, Unit } from '@lstm-gan/core';

/** The specs of a unit's early inputs. */
export function earlySpecs({ inputs, early = [] }: Pick<Unit, 'inputs' | 'early'>): Record<string, ArraySpec> {
  return Object.fromEntries(early.map((name) => [name, inputs[name]]));
}
