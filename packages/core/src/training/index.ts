/**
 * What training carries from step to step: its updates, its losses and its checkpoints.
 *
 * @module training
 * @category What lstm-gan itself uses
 */
export { applyUpdate } from './apply-update.ts';
export { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from './checkpoint.ts';
export { weightsSha256, type Hashing, type Sha256 } from './hashing.ts';
export { notFiniteAdvice, notFiniteUpdate } from './not-finite-update.ts';
export { StepLosses, type MeanLosses } from './step-losses.ts';
export { createTrainingState, type TrainingState } from './training-state.ts';
