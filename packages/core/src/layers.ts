/**
 * Layers, for networks of one's own. A network is a list of layers; docs/own-network.md shows how to write one. Shapes
 * in comments: B images of a batch (a shard), T time steps, H W C image, F features, U units.
 *
 * @module layers
 * @category Layers
 */
export { initialWeightsOf } from './model/initial-weights.ts';
export { applyLayers } from './model/network.ts';
export { batchNorm } from './nn/batch-norm.ts';
export { bidirectional } from './nn/bidirectional.ts';
export { convLstm } from './nn/conv-lstm.ts';
export { convolution, transposedConvolution, type ConvolutionSize } from './nn/convolution.ts';
export { dense } from './nn/dense.ts';
export { dropout } from './nn/dropout.ts';
export { fromBlocks } from './nn/from-blocks.ts';
export { gru } from './nn/gru.ts';
export { joinLabel, labelEmbedding } from './nn/label-embedding.ts';
export { classesOf, stateless, type Initializer, type Layer, type ParameterSpec, type Pass } from './nn/layer.ts';
export { leakyRelu } from './nn/leaky-relu.ts';
export { linear } from './nn/linear.ts';
export { lstm } from './nn/lstm.ts';
export { minibatchDeviation } from './nn/minibatch-deviation.ts';
export type { MapSize } from './nn/patches.ts';
export { projection } from './nn/projection.ts';
export { spectralNorm } from './nn/spectral-norm.ts';
export { stepNoise } from './nn/step-noise.ts';
export { toShape } from './nn/to-shape.ts';
export { unpack, valueAndGradients, type LossAndExtras } from './step/value-and-gradients.ts';
