/**
 * Layers, for networks that are not a part of a GAN. A network is a list of layers.
 *
 * @module layers
 * @category Layers
 */
export { initialWeightsOf } from './model/initial-weights.ts';
export { applyLayers } from './model/network.ts';
export { unpack, valueAndGradients, type LossAndExtras } from './step/value-and-gradients.ts';
export { convolution } from './nn/convolution.ts';
export { dense } from './nn/dense.ts';
export { stateless, type Initializer, type Layer, type ParameterSpec, type Pass } from './nn/layer.ts';
export { leakyRelu } from './nn/leaky-relu.ts';
