export { animateGrids } from './pictures/animate-grids.ts';
export { isJudgedBy, type BestCheckpoint } from './checkpoints/best-checkpoint.ts';
export { imagesPerStep, runConfigSchema } from '@lstm-gan/core/config';
export { createTrainingState, type Checkpoint, type TrainingState } from '@lstm-gan/core/training';
export {
  checkpointFile,
  checkpointsOf,
  lastWrittenMs,
  newestCheckpoint,
  readBest,
  readCheckpoint,
  readCheckpointOfStep,
  readLatestCheckpoint,
  runOfCheckpoint,
  runOfFolder,
  writeBest,
  writeCheckpoint,
  type Keep,
} from './checkpoints/checkpoint-store.ts';
export { createLog, createTerminalLog, type Logger } from './folder/log.ts';
export { appendFinding, readFindings, type Finding, type HealthEvent } from './metrics/finding-file.ts';
export { appendMetric, readMetric, type MetricLine } from './metrics/metric-files.ts';
export {
  median,
  openMetrics,
  readMetrics,
  streamMetrics,
  withoutWorkers,
  type MetricsWriter,
  type RecordedStep,
  type RecordedStepOfWorkers,
  type StepMetrics,
} from './metrics/metrics.ts';
export { differencesOf, mergeValues, type ConfigLayer } from './config/config-layers.ts';
export { editorSchema } from './config/editor-schema.ts';
export { printConfig } from './config/print-config.ts';
export { readConfigFile, readSettings } from './config/read-config.ts';
export { roundForWire } from './round-for-wire.ts';
export { checkRunConfig } from '@lstm-gan/core/config';
export {
  doThreadsDecideBits,
  configure,
  createRunConfig,
  overridesLayer,
  type ConfigOverrides,
  type RunConfig,
} from './config/run-config.ts';
export {
  createRunFolder,
  isRun,
  refuseRun,
  removeStepsAfter,
  reopenRunFolder,
  type FolderOptions,
  type RunFolder,
} from './folder/run-folder.ts';
export { checkRunIdentity, readRunIdentity, writeRunIdentity, type RunIdentity } from './folder/run-identity.ts';
export { pictureFormat, type PictureFormat } from './pictures/picture-format.ts';
export { renderSvg } from './pictures/render-svg.ts';
export { renderGrid, renderImages, toPixels } from './pictures/render-grid.ts';
export {
  createStopRule,
  describeStop,
  isAboutLoss,
  isBetter,
  parseStopCondition,
  type StopCondition,
  type StopRule,
} from './metrics/stop-rule.ts';
export { layoutSha256, weightsSha256 } from './checkpoints/weights-hash.ts';
export {
  checkFolderOf,
  explainWriteError,
  readIfPresent,
  writeAtomically,
  writeAtomicallySync,
  type Confirm,
} from './write-atomically.ts';
export { printable, shellWord } from './terminal-text.ts';
