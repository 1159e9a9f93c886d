/**
 * Loads TensorFlow's library while the program still imports its modules. Loading takes 0.2 s, all of it in the
 * system's dynamic linker, so a second thread can do it.
 */
import { Worker } from 'node:worker_threads';
import { addonKey } from '../provision/addon-sources.ts';
import { tensorflowPaths } from '../provision/cache-folder.ts';
import type { TensorFlowVariant } from '../provision/release.ts';

/** RTLD_LAZY and RTLD_NODELETE: the library stays loaded when the thread ends. Node has a name for the first only. */
const loadFlags = 0x1 | 0x1000;

const script = `
const { workerData: [file, flags] } = require('node:worker_threads');
if (require('node:fs').existsSync(file)) process.dlopen({ exports: {} }, file, flags);
`;

/**
 * Begins to load the addon (and with it TensorFlow) that provisioning has put into the cache, and returns at once.
 * Opening an engine waits until the addon is loaded. Errors are not reported here: opening an engine reports them.
 */
export async function preloadTensorFlow(cacheDir: string, variant: TensorFlowVariant): Promise<void> {
  const { session } = tensorflowPaths(cacheDir, variant, await addonKey());
  const thread = new Worker(script, { eval: true, workerData: [session, loadFlags], execArgv: [] });
  thread.on('error', () => undefined);
  thread.unref();
}
