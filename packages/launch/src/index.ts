export { startLocalWorkers, type LocalWorkers, type LocalWorkersOptions } from './local/start-local-workers.ts';
