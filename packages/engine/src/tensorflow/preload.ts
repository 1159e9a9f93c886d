/**
 * TensorFlow's library takes 0.2 s to load, all of it in the system's loader. A thread of its own does that while this one
 * still imports what comes before.
 */
import { Worker } from 'node:worker_threads';
import { bindingsKey } from './bindings-key.ts';
import { tensorflowPaths } from './cache-folder.ts';
import type { TensorFlowVariant } from './release.ts';

/** RTLD_LAZY and RTLD_NODELETE: the library outlives the thread. Node names only the first. */
const loadFlags = 0x1 | 0x1000;

const script = `
const { workerData: [file, flags] } = require('node:worker_threads');
if (require('node:fs').existsSync(file)) process.dlopen({ exports: {} }, file, flags);
`;

/**
 * Begins to load what provisioning has put into the cache; whoever opens an engine waits for it, and says what is wrong
 * where there is nothing to load.
 */
export async function preloadTensorFlow(cacheDir: string, variant: TensorFlowVariant): Promise<void> {
  const { session } = tensorflowPaths(cacheDir, variant, await bindingsKey());
  const thread = new Worker(script, { eval: true, workerData: [session, loadFlags], execArgv: [] });
  // A library that does not load is the engine's to report.
  thread.on('error', () => undefined);
  thread.unref();
}
