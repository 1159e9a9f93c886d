/** Layers, for networks that are not a part of a GAN. A network is a list of layers. */
export { initialWeightsOf } from './model/initial-weights.ts';
export { applyLayers } from './model/network.ts';
export { unpack, valueAndGradients } from './step/value-and-gradients.ts';
export { convolution } from './nn/convolution.ts';
export { dense } from './nn/dense.ts';
export { stateless, type Layer } from './nn/layer.ts';
export { leakyRelu } from './nn/leaky-relu.ts';
