import {
  Conv2DBackpropFilter,
  getBackend,
  getGradient,
  getKernel,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { UserError } from '../errors/user-error.ts';
import { filterGradientKernel } from './filter-gradient.ts';

/** The kernels of tfjs that the units of a step run, without Conv2DBackpropFilter. */
const trainingKernels = [
  ...['Add', 'BatchMatMul', 'Cast', 'Concat', 'Conv2D', 'Conv2DBackpropInput', 'Equal', 'Floor'],
  ...['GreaterEqual', 'Identity', 'Less', 'LogicalAnd', 'Mean', 'Multiply', 'Neg', 'PadV2', 'Pow', 'Range', 'RealDiv'],
  ...['Relu', 'Reshape', 'Reverse', 'Rsqrt', 'Sigmoid', 'Slice', 'Softplus', 'SplitV', 'Sqrt', 'Square', 'Step', 'Sub'],
  ...['Sum', 'Tanh', 'Tile', 'Transpose', 'ZerosLike'],
];

/** The backends whose own kernel of a filter's gradient is replaced: that of cpu takes a hundred times as long. */
const slowFilterGradient = ['cpu'];

/**
 * Makes a backend of tfjs ready to train: registers the gradient of a convolution's filter, which wasm lacks. Call it
 * after `setBackend`; a trainer calls it itself. A second call changes nothing. Throws a UserError if the gradients of tfjs are not registered, or if
 * the backend has no kernel for an operation that training needs.
 * @param backendName by default the current backend
 */
export function prepareTraining(backendName = getBackend()): void {
  if (getGradient('Conv2D') === undefined) {
    throw new UserError({
      code: 'tfjs-without-gradients',
      message: 'tfjs has no gradients: only its core and a backend are loaded.',
      advice:
        "Import '@tensorflow/tfjs', which training needs; drawing does not. In a bundle, " +
        "'@tensorflow/tfjs-core/dist/register_all_gradients' is enough.",
    });
  }
  const missing = trainingKernels.filter((kernel) => getKernel(kernel, backendName) === undefined);
  if (missing.length > 0) {
    throw new UserError({
      code: 'backend-cannot-train',
      message: `tfjs's backend ${backendName || '(none)'} cannot train: it has no ${missing.join(', ')}.`,
      advice: "Train on cpu, wasm or webgl, or give the backend these kernels with tfjs's registerKernel.",
    });
  }
  const own = filterGradientKernel(backendName);
  const registered = getKernel(Conv2DBackpropFilter, backendName);
  const isReplaced = slowFilterGradient.includes(backendName) && registered?.kernelFunc !== own.kernelFunc;
  if (registered !== undefined && !isReplaced) return;
  if (registered !== undefined) unregisterKernel(Conv2DBackpropFilter, backendName);
  registerKernel(own);
}
