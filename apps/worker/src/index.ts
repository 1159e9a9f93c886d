export { compileUnits, type CompiledUnits } from './compile-units.ts';
export { runLease } from './run-lease.ts';
export { startWorker, type WorkerOptions } from './start-worker.ts';
