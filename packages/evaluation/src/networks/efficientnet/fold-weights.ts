import { assert } from '@lstm-gan/core/errors';
import type { Layout } from '@lstm-gan/core';
import { joinVector } from '@lstm-gan/core';
import type { TorchTensor } from './read-torch-file.ts';

/** Added to variances, as in the original. */
const epsilon = 1e-3;

/** The convolutions of a block with an expansion and of one without, and the normalisation after each. */
const normalisations = {
  expand: ['_expand_conv', '_bn0'],
  depthwise: ['_depthwise_conv', '_bn1'],
  project: ['_project_conv', '_bn2'],
} as const;

/**
 * The weights of the network in its layout, from the tensors of the original: kernels become [h, w, in, out] (for each
 * channel [h, w, channels, 1]), and the batch normalisation after a convolution becomes a factor of its kernel, and its
 * bias: (k x - mean) gamma / sqrt(variance + epsilon) + beta.
 */
export function foldWeights(tensors: ReadonlyMap<string, TorchTensor>, layout: Layout): Float32Array {
  const tensor = (name: string): TorchTensor => {
    const found = tensors.get(name);
    assert(found !== undefined, `the pinned file has ${name}`);
    return found;
  };
  const parts = new Map<string, Float32Array>();
  for (const { name, shape } of layout.entries) {
    const [layer, part] = name.split('/');
    if (part !== 'kernel') continue;
    const [convolution, norm] = originalNames(layer);
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (of) => tensor(`${norm}.${of}`).data,
    );
    const factors = Float64Array.from(gamma, (value, k) => value / Math.sqrt(variance[k] + epsilon));
    const kernel = tensor(`${convolution}.weight`);
    parts.set(name, foldKernel(kernel, shape, factors));
    parts.set(
      `${layer}/bias`,
      Float32Array.from(beta, (value, k) => value - mean[k] * factors[k]),
    );
  }
  return joinVector(layout, parts);
}

/** `stem` and `block3-expand` in the original's file. */
function originalNames(layer: string): readonly [convolution: string, norm: string] {
  if (layer === 'stem') return ['_conv_stem', '_bn0'];
  const [, number, kind] = /^block(\d+)-(\w+)$/.exec(layer) ?? [];
  const [convolution, norm] = normalisations[kind as keyof typeof normalisations];
  return [`_blocks.${number}.${convolution}`, `_blocks.${number}.${norm}`];
}

/** [out, in, h, w] -> [h, w, in, out], or [channels, 1, h, w] -> [h, w, channels, 1]; each output times its factor. */
function foldKernel({ shape, data }: TorchTensor, target: readonly number[], factors: Float64Array): Float32Array {
  const [outputs, inputs, height, width] = shape;
  const isDepthwise = inputs === 1 && target[3] === 1;
  const expected = isDepthwise ? [height, width, outputs, 1] : [height, width, inputs, outputs];
  assert(String(expected) === String(target), 'the pinned file has kernels of the known shapes');
  const kernel = new Float32Array(data.length);
  for (let out = 0; out < outputs; out++) {
    for (let into = 0; into < inputs; into++) {
      for (let at = 0; at < height * width; at++)
        kernel[(at * inputs + into) * outputs + out] = data[(out * inputs + into) * height * width + at] * factors[out];
    }
  }
  return kernel;
}
