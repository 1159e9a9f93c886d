export type { CoordinatorOptions, TrainingResult } from './coordinator-options.ts';
export { startCoordinator } from './start-coordinator.ts';
