import { createPhaseUnits, type PhaseUnits, type Unit } from '@lstm-gan/core';
import { probeUnit, type CompiledUnit, type Engine } from '@lstm-gan/engine';
import type { RunConfig } from '@lstm-gan/run';

type TrainingUnits = Omit<PhaseUnits, 'generatorSample'>;

/** The units of training, compiled. */
export type CompiledUnits = {
  readonly [Name in keyof TrainingUnits]: TrainingUnits[Name] extends Unit<infer I, infer O> | undefined
    ? CompiledUnit<I, O>
    : never;
};

export async function compileUnits(engine: Engine, { model, shardSize }: RunConfig): Promise<CompiledUnits> {
  const units = createPhaseUnits(model, shardSize);
  const { discriminatorReal, discriminatorFake, discriminatorPenalty, generatorBackward } = units;
  return {
    // This unit is compiled first. It needs the most memory, and reports an error if there is too little. The
    // discriminator's units would crash in that case, because they begin with a convolution, which ends the process.
    generatorBackward: await engine.compile(generatorBackward),
    discriminatorReal: await engine.compile(discriminatorReal),
    discriminatorFake: await engine.compile(discriminatorFake),
    ...(discriminatorPenalty && { discriminatorPenalty: await engine.compile(discriminatorPenalty) }),
  };
}

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
