export type { Engine, EngineDescription, EngineName, EngineOptions, Precision } from './contract/engine.ts';
export { diagnose, type Finding } from './diagnose.ts';
export { hashValues, type ValueHash } from './hash-values.ts';
export { openEngine } from './open-engine.ts';
export { probeUnit } from './probe-unit.ts';
export { openSavedNetwork, type SavedNetwork } from './saved-network/open-saved-network.ts';
export { readNetworkFiles, type NetworkFiles, type TfjsArtifacts } from './saved-network/read-network-files.ts';
export { timeOperations, type OperationTime } from './time-operations.ts';
export { defaultCacheDir, type TensorFlowPaths } from './tensorflow/provision/cache-folder.ts';
export { fetchWheelFile } from './tensorflow/provision/fetch-wheel.ts';
export type { OnProvisionProgress, ProvisionProgress } from './tensorflow/provision/provision-progress.ts';
export {
  locateTensorFlow,
  provision,
  type Provisioned,
  type ProvisionOptions,
} from './tensorflow/provision/provision.ts';
export type { TensorFlowVariant, WheelRelease } from './tensorflow/provision/release.ts';
export type { Host } from './tensorflow/provision/requirements.ts';
export { loadNativeArithmetic, type NativeArithmetic } from './tensorflow/runtime/native-arithmetic.ts';
export type { BlockReference, SharedMemory } from './tensorflow/runtime/shared-memory.ts';
