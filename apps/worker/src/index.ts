export { compileUnits, type CompiledUnits } from './compute/compile-units.ts';
export { startWorker } from './start-worker.ts';
export type { WorkerOptions } from './worker-options.ts';
