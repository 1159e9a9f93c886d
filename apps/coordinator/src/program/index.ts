/** What the command line uses of this program, besides the coordinator itself. */
export { findPreset } from '../open-run/new-run-config.ts';
export { findRun } from '../open-run/find-run.ts';
export { loadModelFileOfRun } from '../open-run/model-file-of-run.ts';
export { gridSamples, randomSamples, type Samples } from '../records/grid-samples.ts';
export { openSampler } from '../records/open-sampler.ts';
export { describeLocalWorkers, localWorkerCount, localWorkers } from '../workers/local-workers.ts';
export { defineCoordinatorCommand } from './coordinator-command.ts';
export { definePackCommand } from './pack-command.ts';
export { measureSteps, type Measurement } from './measure-steps.ts';
export { addRunOptions, runOptionsHelp, type RunOptions } from './run-options.ts';
export type { EvaluatedNumber, EvaluationPlan, Evaluator } from '../evaluate/evaluator.ts';
export { imageCount } from './run-option-values.ts';
export { runTraining } from './run-training.ts';
