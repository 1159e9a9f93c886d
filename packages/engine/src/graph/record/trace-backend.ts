/**
 * The tfjs backend that units are traced on. It consists of tfjs-node's own backend class and kernels, over a recording
 * binding, and of our native kernels. It is a separate backend, so the plain 'tensorflow' backend (the eager engine's)
 * stays as it is.
 */
import {
  copyRegisteredKernels,
  getBackend,
  getKernel,
  registerBackend,
  registerGradient,
  registerKernel,
  removeBackend,
  setBackend,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { assert } from '@lstm-gan/core/errors';
import type { EngineOptions } from '../../contract/engine.ts';
import { stockBackend, type NodeBackend, type TfeBinding } from '../../tensorflow/runtime/tfjs-node-binding.ts';
import { addonKernels } from './addon-kernels.ts';
import { nativeGradients } from './native-gradients.ts';
import { tensorflowKernels } from './tensorflow-kernels.ts';

const traceBackendName = 'lstm-gan-trace';

/**
 * Runs `body` while a tracing backend over `binding` is the current backend. `body` must be synchronous. Afterwards the
 * previous backend is current again, also if `body` throws.
 * @param device the device that the graph will run on. All calls in a process must give the same device.
 */
export function withTraceBackend<T>(
  binding: TfeBinding,
  device: EngineOptions['device'],
  body: (backend: NodeBackend) => T,
): T {
  registerTraceKernels(device);
  const previous = getBackend();
  const Backend = stockBackend().constructor as new (binding: TfeBinding, packageName: string) => NodeBackend;
  const backend = new Backend(binding, '@tensorflow/tfjs-node-gpu');
  registerBackend(traceBackendName, () => backend);
  try {
    // Not awaited: setBackend is asynchronous only for backends that start asynchronously.
    void setBackend(traceBackendName);
    assert(getBackend() === traceBackendName, 'the tracing backend starts at once');
    return body(backend);
  } finally {
    void setBackend(previous === traceBackendName ? 'tensorflow' : previous);
    removeBackend(traceBackendName);
  }
}

/** Registers all kernels of the tracing backend, and their gradients. Does this only once in a process. */
function registerTraceKernels(device: EngineOptions['device']): void {
  if (getKernel('Add', traceBackendName) !== undefined) return;
  copyRegisteredKernels('tensorflow', traceBackendName);
  const kernels = device === 'cpu' ? { ...tensorflowKernels, ...addonKernels } : tensorflowKernels;
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (getKernel(kernelName, traceBackendName) !== undefined) unregisterKernel(kernelName, traceBackendName);
    registerKernel({ kernelName, backendName: traceBackendName, kernelFunc });
  }
  // tfjs registers a gradient for all backends. This changes no other backend, because only we have kernels of these
  // names.
  for (const gradient of nativeGradients) registerGradient(gradient);
}
