import type { RunConfig } from '../config/run-config-schema.ts';
import type { CompiledUnit } from '../step/compiled-unit.ts';
import { createPhaseUnits, type PhaseUnitOptions, type PhaseUnits } from '../step/phase-units.ts';
import type { Unit } from '../step/unit.ts';

type TrainingUnits = Omit<PhaseUnits, 'generatorSample'>;

/** The units of training, compiled. */
export type CompiledUnits = {
  readonly [Name in keyof TrainingUnits]: TrainingUnits[Name] extends Unit<infer I, infer O> | undefined
    ? CompiledUnit<I, O>
    : never;
};

/** What prepares units to run, for example an engine. */
export interface UnitCompiler {
  /** Prepares one unit. */
  compile<I extends string, O extends string>(unit: Unit<I, O>): Promise<CompiledUnit<I, O>>;
}

/** Compiles the units that train the model of a configuration. */
export async function compileUnits(
  engine: UnitCompiler,
  { model, shardSize }: Pick<RunConfig, 'model' | 'shardSize'>,
  options?: PhaseUnitOptions,
): Promise<CompiledUnits> {
  const units = createPhaseUnits(model, shardSize, options);
  const { discriminatorReal, discriminatorFake, discriminatorPairs, discriminatorPenalty, generatorBackward } = units;
  return {
    // This unit is compiled first. It needs the most memory, and reports an error if there is too little. The
    // discriminator's units would crash in that case, because they begin with a convolution, which ends the program.
    generatorBackward: await engine.compile(generatorBackward),
    ...(discriminatorReal && { discriminatorReal: await engine.compile(discriminatorReal) }),
    ...(discriminatorFake && { discriminatorFake: await engine.compile(discriminatorFake) }),
    ...(discriminatorPairs && { discriminatorPairs: await engine.compile(discriminatorPairs) }),
    ...(discriminatorPenalty && { discriminatorPenalty: await engine.compile(discriminatorPenalty) }),
  };
}
