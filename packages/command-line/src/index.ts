/** This file is loaded before a worker begins to load TensorFlow. To load fast, it imports only commander and Node. */
export { addCacheDir, cacheDirOf, type CacheOptions } from './cache-dir-option.ts';
export { createProgram } from './create-program.ts';
export { exitCodes } from './exit-codes.ts';
export { invocationOf } from './invocation-of.ts';
export { positiveInteger, seconds, seed } from './option-values.ts';
export { runCommandLine } from './run-command-line.ts';
