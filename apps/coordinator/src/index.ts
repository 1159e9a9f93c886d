export { createBackground, type Background } from './background.ts';
export { startCoordinator, type CoordinatorOptions, type TrainingResult } from './start-coordinator.ts';
