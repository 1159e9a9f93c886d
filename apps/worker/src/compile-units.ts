import { createPhaseUnits, type PhaseUnits, type Unit } from '@lstm-gan/core';
import { probeUnit, type CompiledUnit, type Engine } from '@lstm-gan/engine';
import type { RunConfig } from '@lstm-gan/run';

type TrainingUnits = Omit<PhaseUnits, 'generatorSample'>;

/** The units that a worker needs, compiled. */
export type CompiledUnits = {
  readonly [Name in keyof TrainingUnits]: TrainingUnits[Name] extends Unit<infer I, infer O>
    ? CompiledUnit<I, O>
    : never;
};

/** Compiles a run's units on an engine. */
export async function compileUnits(engine: Engine, { model, shardSize }: RunConfig): Promise<CompiledUnits> {
  const { discriminatorReal, discriminatorFake, generatorBackward } = createPhaseUnits(model, shardSize);
  return {
    // First, because it needs the most memory and says so where there is too little: TensorFlow's convolution of oneDNN, which
    // the discriminator begins with, crashes instead.
    generatorBackward: await engine.compile(generatorBackward),
    discriminatorReal: await engine.compile(discriminatorReal),
    discriminatorFake: await engine.compile(discriminatorFake),
  };
}

/** The hashes that decide admission: unit name to probe and to graph. */
export async function fingerprints(
  units: CompiledUnits,
): Promise<{ probes: Record<string, string>; graphs: Record<string, string> }> {
  // At the same time: much of a first run, as of any, has a thread alone.
  const named = Object.entries(units) as [string, CompiledUnit][];
  const probes = await Promise.all(named.map(async ([name, unit]) => [name, await probeUnit(unit)] as const));
  return {
    probes: Object.fromEntries(probes),
    graphs: Object.fromEntries(named.map(([name, { graphHash }]) => [name, graphHash])),
  };
}
