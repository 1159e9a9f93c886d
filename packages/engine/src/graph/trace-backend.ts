/**
 * The tfjs backend on which units are traced: tfjs-node's own backend class and kernels over a recording binding, plus
 * the native kernels. A backend of its own leaves the plain 'tensorflow' one (the eager reference) untouched.
 */
import {
  copyRegisteredKernels,
  findBackend,
  getBackend,
  getKernel,
  registerBackend,
  registerKernel,
  removeBackend,
  setBackend,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { assert } from '@lstm-gan/core';
import type { EngineOptions } from '../engine.ts';
import type { TensorMetadata, TfeBinding } from './binding.ts';
import { nativeKernels, ownKernels, registerNativeGradients } from './native-kernels.ts';

const traceBackendName = 'lstm-gan-trace';

/** What the tracer and the native kernels use of tfjs-node's backend class. */
export interface NodeBackend extends KernelBackend {
  readonly binding: TfeBinding;
  createOutputTensor(metadata: TensorMetadata): Tensor;
  /** The ids of tensors in the binding; values that still lie in JavaScript are handed over first. */
  getInputTensorIds(tensors: TensorInfo[]): number[];
}

/** The stock backend; it must have been loaded before. */
export function stockBackend(): NodeBackend {
  const backend = findBackend('tensorflow') as NodeBackend | null;
  assert(backend !== null, "tfjs-node's backend is loaded before anything is traced");
  return backend;
}

/**
 * Runs `body` with a tracing backend over `binding` as the current backend; synchronous, and undone whatever happens.
 * @param device what the graph will run on: always the same one in a process
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
    // Sets the backend before it returns: only backends that start asynchronously make it wait.
    void setBackend(traceBackendName);
    assert(getBackend() === traceBackendName, 'the tracing backend starts at once');
    return body(backend);
  } finally {
    void setBackend(previous === traceBackendName ? 'tensorflow' : previous);
    removeBackend(traceBackendName);
  }
}

function registerTraceKernels(device: EngineOptions['device']): void {
  if (getKernel('Add', traceBackendName) !== undefined) return;
  copyRegisteredKernels('tensorflow', traceBackendName);
  for (const [kernelName, kernelFunc] of Object.entries(
    device === 'cpu' ? { ...nativeKernels, ...ownKernels } : nativeKernels,
  )) {
    if (getKernel(kernelName, traceBackendName) !== undefined) unregisterKernel(kernelName, traceBackendName);
    registerKernel({ kernelName, backendName: traceBackendName, kernelFunc });
  }
  registerNativeGradients();
}
