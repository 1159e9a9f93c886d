import type { CompiledUnits } from '@lstm-gan/core/compute';
import type { CompiledUnit } from '@lstm-gan/core/step';
import { probeUnit } from '@lstm-gan/engine';

/**
 * Returns two hashes for each unit, by its name: of the unit's outputs on a fixed input (`probes`), and of its graph
 * (`graphs`). Both are part of the run's identity. At admission the coordinator compares the probes.
 */
export async function fingerprints(
  units: CompiledUnits,
): Promise<{ probes: Record<string, string>; graphs: Record<string, string> }> {
  // Units are probed in parallel, because most of a unit's first execution uses one thread only.
  const named = Object.entries(units) as [string, CompiledUnit][];
  const probes = await Promise.all(named.map(async ([name, unit]) => [name, await probeUnit(unit)] as const));
  return {
    probes: Object.fromEntries(probes),
    graphs: Object.fromEntries(named.map(([name, { graphHash }]) => [name, graphHash])),
  };
}
