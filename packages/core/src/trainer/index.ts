/**
 * Trains a model in one process, on any backend of tfjs, with the steps of a cluster.
 *
 * @module trainer
 * @category Train
 */
export { createTrainer, restoreTrainer, type Trainer } from './create-trainer.ts';
export type { Pixels } from './step-images.ts';
export type { TrainerOptions } from './trainer-options.ts';
