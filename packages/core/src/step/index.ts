/** The places of a run, and what an engine needs to run the units of a step. */
export type { NativeKernelName } from '../nn/native-kernel.ts';
export { checkArrays } from './check-arrays.ts';
export {
  batchOf,
  comparePlaces,
  firstPlaceOfStep,
  isFirstOfStep,
  keyOfShardPlace,
  lastDiscriminatorPlace,
  nextPlace,
  placeOfImages,
  type DiscriminatorPlace,
  type Place,
  type ShardPlace,
} from './place.ts';
