/**
 * A worker loads this file before it begins to load TensorFlow. To load fast, this file and the files that it imports
 * use only commander, Node and `@lstm-gan/engine/startup`, which imports only Node.
 */
export { addCacheDir, cacheDirOf, type CacheOptions } from './cache-dir-option.ts';
export { createProgram } from './create-program.ts';
export { exitCodes } from './exit-codes.ts';
export { invocationOf } from './invocation-of.ts';
export { addLog, type LogKind, type LogOptions } from './log-option.ts';
export { addModel, type ModelOptions } from './model-option.ts';
export { positiveInteger, seconds, seed } from './option-values.ts';
export { runCommandLine } from './run-command-line.ts';
export { onStopSignal } from './stop-signals.ts';
export { addStoppedExitCode, type StoppedExitCodeOptions } from './stopped-exit-code-option.ts';
export { earlyStoppedExitCode, stoppedExitCode } from '../stopped-exit-code.js';
