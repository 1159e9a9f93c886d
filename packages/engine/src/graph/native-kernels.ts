/** tmp */
import type { KernelFunc } from '@tensorflow/tfjs-core';
export const nativeKernels: Readonly<Record<string, KernelFunc>> = {};
