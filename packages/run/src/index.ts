export { listCheckpoints, readCheckpoint, readLatestCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
export { createLog, type Logger } from './log.ts';
export { openMetrics, type MetricsWriter, type StepMetrics } from './metrics.ts';
export { checkRunConfig, createRunConfig, type ConfigOverrides, type RunConfig } from './run-config.ts';
export { createRunFolder, reopenRunFolder, type RunFolder } from './run-folder.ts';
export { renderGrid, renderImages } from './sample-grid.ts';
export { createTrainingState, type TrainingState } from './training-state.ts';
export { layoutSha256, weightsSha256 } from './weights-hash.ts';
export { writeAtomically } from './write-atomically.ts';
