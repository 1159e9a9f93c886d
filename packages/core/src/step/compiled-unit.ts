import type { Accumulation } from './accumulation.ts';
import type { ArraySpec, UnitArray } from './unit.ts';

/** A unit that is ready to run, any number of times. */
export interface CompiledUnit<I extends string = string, O extends string = string> {
  readonly inputs: Readonly<Record<I, ArraySpec>>;
  readonly outputs: Readonly<Record<O, ArraySpec>>;
  /** SHA-256 of the unit's GraphDefs, hexadecimal; empty for the eager engine, which has none. */
  readonly graphHash: string;
  /**
   * Runs the unit. Throws a UserError for inputs with other names, types or lengths. Inputs must not change until the
   * promise settles; lasting inputs must never change. The outputs belong to the caller, which may overwrite and
   * release them. Rejects with a NotFiniteSumError if an accumulated sum is not finite.
   */
  run(inputs: Readonly<Record<I, UnitArray>>, accumulation?: Accumulation<O>): Promise<Record<O, Float32Array>>;
  /**
   * Runs the first part of the unit, which depends on the unit's early inputs alone and gives its early outputs. Both
   * parts together give the same bits as `run`.
   */
  begin(early: UnitArrays<I>): Promise<BegunUnit<I, O>>;
}

/** Some of a unit's inputs. */
export type UnitArrays<I extends string> = Readonly<Partial<Record<I, UnitArray>>>;

/** A unit whose first part was run. */
export interface BegunUnit<I extends string, O extends string> {
  /** The unit's early outputs. They belong to the caller. */
  readonly outputs: Partial<Record<O, Float32Array>>;
  /**
   * Runs the second part of the unit, once. `rest` are the inputs that `begin` did not get. Returns the outputs that
   * are not early. Accumulates like `run`.
   */
  finish(rest: UnitArrays<I>, accumulation?: Accumulation<O>): Promise<Partial<Record<O, Float32Array>>>;
  /** Frees what was kept for the second part. Call it if `finish` will not be called. */
  discard(): void;
}
