/**
 * What a program that uses only this package needs: models, the units of a training step, updates of the networks,
 * sampling, and weights in safetensors files. `@lstm-gan/core/trainer` trains in one process; `/layers` and `/loss` have
 * the parts of networks; `/errors` has the class of all errors that a user can correct. The other entry points hold what
 * the other packages of this repository need in addition.
 *
 * @module index
 * @category Draw
 */
export { checkModelConfig } from './model/check-model-config.ts';
export {
  isCustom,
  namesIn,
  registerNetworks,
  type CustomNetworks,
  type DiscriminatorContext,
  type GeneratorContext,
} from './model/custom-networks.ts';
export { fitFilters } from './model/fit-filters.ts';
export { createInitialWeights } from './model/initial-weights.ts';
export {
  modelConfigSchema,
  type DiscriminatorConfig,
  type GeneratorConfig,
  type ImageShape,
  type ModelConfig,
} from './model/model-config.ts';
export { createLayouts } from './model/network.ts';
export type { Initializer, Layer, ParameterSpec, Pass } from './nn/layer.ts';
export type { AdamOptions, LearningRateSchedule } from './optimizer/adam.ts';
export { emaBeta, updateEma, type EmaOptions } from './optimizer/ema.ts';
export { createNetworkState, updateNetwork, type NetworkState, type NetworkUpdate } from './optimizer/network-state.ts';
export { oneLstm, presets, type Preset, type PresetName, type Presets } from './presets.ts';
export { normalNoise } from './random/normal-noise.ts';
export { streamKey, type StreamPlace, type StreamPurpose } from './random/stream-key.ts';
export { classRows } from './sampling/class-rows.ts';
export { generate } from './sampling/generate.ts';
export { readGenerator } from './sampling/read-generator.ts';
export { interpolateNoise, noiseBetween } from './sampling/interpolate-noise.ts';
export { sampleNoise } from './sampling/sample-noise.ts';
export {
  createPhaseUnits,
  type PairsInput,
  type PhaseUnitOptions,
  type PhaseUnits,
  type RealHalfInput,
} from './step/phase-units.ts';
export { prepareTraining } from './step/prepare-training.ts';
export { runUnit } from './step/run-unit.ts';
export type { ArraySpec, Unit, UnitArray, UnitName } from './step/unit.ts';
export { countParameters, type Layout, type LayoutEntry, type Network } from './weights/layout.ts';
export type { Bytes } from './weights/bytes-of.ts';
export { joinVector, splitVector } from './weights/named-vectors.ts';
export { decodeSafetensors, encodeSafetensors, type NamedTensor, type Safetensors } from './weights/safetensors.ts';
