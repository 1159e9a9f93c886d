import type { Tensor } from '@tensorflow/tfjs-core';

/** What an array that goes into a unit, or comes out of it, must be. */
export interface ArraySpec {
  readonly shape: readonly number[];
  /** `uint8` arrays (images) reach `run` as float32 tensors with values 0..255: tfjs has no uint8. */
  readonly dtype: 'float32' | 'int32' | 'uint8';
}

/** What a unit takes, flat, in the order of its shape. */
export type UnitArray = Float32Array | Int32Array | Uint8Array;

/**
 * A unit is one piece of a training step that an engine runs as a whole: a pure function of named arrays, with fixed
 * shapes. Everything a phase does is made of units, so every schedule runs the same graphs and gets the same bits.
 */
export interface Unit<Inputs extends string = string, Outputs extends string = string> {
  readonly name: UnitName;
  /** All that decides what `run` computes, as text: the model's config and the shard size in JSON. Keys cached graphs. */
  readonly identity: string;
  readonly inputs: Readonly<Record<Inputs, ArraySpec>>;
  /** Inputs that are known before the others: what depends on these alone can run ahead. Without it none are. */
  readonly early?: readonly Inputs[];
  /** Vectors of float32 that are the same array in many runs, and never written again: an engine may leave them on its device. */
  readonly lasting?: readonly Inputs[];
  /** Outputs are float32. */
  readonly outputs: Readonly<Record<Outputs, ArraySpec>>;
  /** Outputs that depend on early inputs alone: they are there before the others. */
  readonly earlyOutputs?: readonly Outputs[];
  /** Pure; called inside `tf.tidy`. Must not read values back (`dataSync`) nor draw random numbers. */
  run(inputs: Readonly<Record<Inputs, Tensor>>): Record<Outputs, Tensor>;
}

/** Every unit by name. */
export type UnitName = 'discriminator-real' | 'discriminator-fake' | 'generator-backward' | 'generator-sample';
