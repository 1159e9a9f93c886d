/**
 * The places of a run, and what an engine needs to run the units of a step.
 *
 * @module step
 * @category What lstm-gan itself uses
 */
export { checkAccumulation, endAccumulation, NotFiniteSumError, type Accumulation } from './accumulation.ts';
export { compileEagerly } from './compile-eagerly.ts';
export type { BegunUnit, CompiledUnit, UnitArrays } from './compiled-unit.ts';
export { earlyInputSpecs } from './early-input-specs.ts';
export { readsPairs } from '../loss/adversarial-loss.ts';
export { isExact, type ExactRegularizer } from '../loss/gradient-penalty.ts';
export type { NativeKernelName } from '../nn/native-kernel.ts';
export { checkArrays } from './check-arrays.ts';
export {
  batchOf,
  comparePlaces,
  firstPlaceOfStep,
  isFirstOfStep,
  isPenaltyDue,
  keyOfShardPlace,
  lastDiscriminatorPlace,
  nextPlace,
  placesOfImages,
  type DiscriminatorPlace,
  type Place,
  type ShardPlace,
} from './place.ts';
