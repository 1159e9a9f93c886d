export { animateGrids } from './animate-grids.ts';
export { isJudgedBy, readBest, writeBest, type BestCheckpoint } from './best-checkpoint.ts';
export {
  checkpointName,
  listCheckpoints,
  readCheckpoint,
  readLatestCheckpoint,
  writeCheckpoint,
  type Checkpoint,
  type Keep,
} from './checkpoint.ts';
export { createLog, createTerminalLog, type Logger } from './log.ts';
export {
  median,
  openMetrics,
  readMetrics,
  type MetricsWriter,
  type RecordedStep,
  type StepMetrics,
} from './metrics.ts';
export { differencesOf, mergeValues, type ConfigLayer } from './config/config-layers.ts';
export { editorSchema } from './config/editor-schema.ts';
export { printConfig } from './config/print-config.ts';
export { readConfigFile, readSettings } from './config/read-config.ts';
export { runConfigSchema } from './config/run-config-schema.ts';
export { asSent } from './as-sent.ts';
export {
  checkRunConfig,
  configure,
  createRunConfig,
  overridesLayer,
  type ConfigOverrides,
  type RunConfig,
} from './run-config.ts';
export { createRunFolder, forgetBehind, reopenRunFolder, type RunFolder } from './run-folder.ts';
export { checkRunIdentity, readRunIdentity, writeRunIdentity, type RunIdentity } from './run-identity.ts';
export { renderSvg } from './render-svg.ts';
export { renderGrid, renderImages, type ImageShape } from './sample-grid.ts';
export {
  createStopRule,
  describeStop,
  isBetter,
  parseStopCondition,
  type StopCondition,
  type StopRule,
} from './stop-rule.ts';
export { createTrainingState, type TrainingState } from './training-state.ts';
export { layoutSha256, weightsSha256 } from './weights-hash.ts';
export { explainWriteError, readIfPresent, writeAtomically } from './write-atomically.ts';
