export type { CompiledUnit, Engine, EngineDescription, EngineName, EngineOptions } from './engine.ts';
export { openEngine } from './open-engine.ts';
export { probeUnit } from './probe.ts';
export { defaultCacheDir } from './tensorflow/cache-folder.ts';
export { diagnose, type Finding } from './tensorflow/diagnose.ts';
export type { Progress, ProgressReport } from './tensorflow/progress.ts';
export { loadNativeArithmetic } from './tensorflow/native-arithmetic.ts';
export { locateTensorFlow, provision, type Provisioned, type ProvisionOptions } from './tensorflow/provision.ts';
export type { TensorFlowVariant } from './tensorflow/release.ts';
