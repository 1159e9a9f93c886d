export { compareWithGolden, type RunUnit } from './golden/compare-with-golden.ts';
export type { GoldenResult } from './golden/comparison.ts';
export { assert, UserError, type UserErrorDetail } from './user-error.ts';
export { checkModelConfig } from './model/check-model-config.ts';
export { generate, readGenerator } from './model/generate.ts';
export { createInitialWeights } from './model/initial-weights.ts';
export {
  generatorConfigSchema,
  modelConfigSchema,
  type GeneratorConfig,
  type ModelConfig,
} from './model/model-config.ts';
export { createLayouts } from './model/network.ts';
export { nearestName } from './nearest-name.ts';
export { presets, type Preset, type PresetName } from './presets.ts';
export { checkArrays } from './step/check-arrays.ts';
export { createPhaseUnits, type PhaseUnitOptions, type PhaseUnits } from './step/phase-units.ts';
export {
  batchOf,
  comparePlaces,
  firstPlaceOfStep,
  isFirstOfStep,
  keyOfShardPlace,
  lastDiscriminatorPlace,
  nextPlace,
  placeOfImages,
  type Place,
  type ShardPlace,
} from './step/place.ts';
export { runUnit } from './step/run-unit.ts';
export type { ArraySpec, Unit, UnitArray, UnitName } from './step/unit.ts';
export type { NativeKernelName } from './nn/native-kernel.ts';
export { adamUpdate, type AdamOptions, type AdamUpdate, type AdamVectors } from './optimizer/adam.ts';
export { emaBeta, updateEma, type EmaOptions, type EmaUpdate } from './optimizer/ema.ts';
export { createNetworkState, updateNetwork, type NetworkState, type NetworkUpdate } from './optimizer/network-state.ts';
export { interpolateNoise, noiseBetween } from './random/interpolate-noise.ts';
export { normalNoise } from './random/normal-noise.ts';
export { permutation } from './random/permutation.ts';
export { statelessUniform } from './random/stateless-uniform.ts';
export { streamKey, type StreamPlace, type StreamPurpose } from './random/stream-key.ts';
export { accumulateShards } from './weights/accumulate-shards.ts';
export { packBfloat16, packedPartOf, roundToBfloat16, unpackBfloat16 } from './weights/bfloat16.ts';
export { plainArithmetic, type VectorArithmetic } from './weights/vector-arithmetic.ts';
export { findNotFinite, isFiniteVector } from './weights/finite.ts';
export { createFold, type Fold, type FoldArithmetic } from './weights/fold.ts';
export { evaluateSum, leavesOf, lengthOf, type EvaluateSum, type SumTree } from './weights/sum-tree.ts';
export {
  countParameters,
  createLayout,
  describeLayout,
  entriesByLayer,
  entryView,
  networks,
  type Layout,
  type LayoutEntry,
  type LayoutPart,
  type Network,
  type Role,
} from './weights/layout.ts';
export { joinVector, splitVector } from './weights/named-vectors.ts';
export { decodeSafetensors, encodeSafetensors, type NamedTensor, type Safetensors } from './weights/safetensors.ts';
export { cutSlices, sliceLayout, sliceView, type Slice } from './weights/slices.ts';
export { cutTree, isSubtree, shardsOf, splitPoint, splitRange, type ShardRange } from './weights/tree.ts';
