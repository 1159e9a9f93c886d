export { NotFiniteSumError, type Accumulation } from './accumulation.ts';
export type {
  BegunUnit,
  CompiledUnit,
  Engine,
  EngineDescription,
  EngineName,
  EngineOptions,
  Precision,
  UnitArrays,
} from './engine.ts';
export { openEngine } from './open-engine.ts';
export { probeUnit } from './probe.ts';
export { defaultCacheDir, type TensorFlowPaths } from './tensorflow/cache-folder.ts';
export { diagnose, type Finding } from './tensorflow/diagnose.ts';
export type { Progress, ProgressReport } from './tensorflow/progress.ts';
export { loadNativeArithmetic, type NativeArithmetic } from './tensorflow/native-arithmetic.ts';
export type { BlockReference, SharedMemory } from './tensorflow/shared-memory.ts';
export { locateTensorFlow, provision, type Provisioned, type ProvisionOptions } from './tensorflow/provision.ts';
export type { Host } from './tensorflow/requirements.ts';
export type { TensorFlowVariant } from './tensorflow/release.ts';
