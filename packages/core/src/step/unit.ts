import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Shape and type of an input or an output of a unit.
 *
 * @category A training step
 */
export interface ArraySpec {
  readonly shape: readonly number[];
  /** `uint8` arrays (images) reach `run` as float32 tensors with values 0..255: tfjs has no uint8. */
  readonly dtype: 'float32' | 'int32' | 'uint8';
  /** The values are from 0 to one less than this number. By default, any value is allowed. */
  readonly below?: number;
}

/**
 * An input of a unit: its values, flat, in row-major order.
 *
 * @category A training step
 */
export type UnitArray = Float32Array | Int32Array | Uint8Array;

/**
 * A unit is a part of a phase that an engine runs as a whole: a pure function of named arrays with fixed shapes. All
 * computation of a phase is done in units, so the graphs and the bits do not depend on which worker runs a unit, nor on
 * the order of the units.
 *
 * @category A training step
 */
export interface Unit<Inputs extends string = string, Outputs extends string = string> {
  /** A `UnitName` if the unit is a part of a step. */
  readonly name: string;
  /**
   * Everything that decides what `run` computes, as JSON (for example model and shard size). It is part of the key of
   * cached graphs.
   */
  readonly identity: string;
  readonly inputs: Readonly<Record<Inputs, ArraySpec>>;
  /** Inputs that are known before the other inputs. Operations on early inputs alone can run first. Default: none. */
  readonly early?: readonly Inputs[];
  /**
   * Float32 inputs for which many executions of the unit get the same, unchanged array. An engine may keep these inputs
   * on its device.
   */
  readonly lasting?: readonly Inputs[];
  /** Outputs are float32. */
  readonly outputs: Readonly<Record<Outputs, ArraySpec>>;
  /** Outputs that depend only on early inputs, and so are ready before the other outputs. */
  readonly earlyOutputs?: readonly Outputs[];
  /**
   * Computes the early outputs from the early inputs alone, with the same bits as `run`. It spares an engine that runs
   * operation by operation the rest of the unit. Pure, like `run`.
   */
  runEarly?(inputs: Readonly<Partial<Record<Inputs, Tensor>>>): Partial<Record<Outputs, Tensor>>;
  /** Pure; called inside `tf.tidy`. Must not read values back (`dataSync`) nor draw random numbers. */
  run(inputs: Readonly<Record<Inputs, Tensor>>): Record<Outputs, Tensor>;
}

/**
 * The names of the units of a step.
 *
 * @category A training step
 */
export type UnitName =
  | 'discriminator-real'
  | 'discriminator-fake'
  | 'discriminator-pairs'
  | 'discriminator-penalty'
  | 'generator-backward'
  | 'generator-sample';
