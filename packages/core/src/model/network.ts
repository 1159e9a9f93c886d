import { Tensor } from '@tensorflow/tfjs-core';
import { UserError } from '../errors/user-error.ts';
import type { Layer, Pass } from '../nn/layer.ts';
import { createLayout, type Layout, type Network } from '../weights/layout.ts';
import { checkModelConfig } from './check-model-config.ts';
import { capital, describeNetwork } from './custom-networks.ts';
import { discriminatorLayers } from './discriminator.ts';
import { generatorLayers } from './generator.ts';
import type { ModelConfig } from './model-config.ts';

/**
 * The layers of one of a model's two networks. Throws a UserError if the sizes do not fit together, or if the network is
 * a custom one and its code is not registered or returns no sound layers.
 */
export function networkLayers(model: ModelConfig, network: Network): readonly Layer[] {
  checkModelConfig(model);
  return network === 'generator' ? generatorLayers(model) : discriminatorLayers(model);
}

/**
 * The layouts of both networks' flat weight vectors. Throws a UserError if the sizes do not fit together.
 *
 * @category Models
 */
export function createLayouts(model: ModelConfig): Readonly<Record<Network, Layout>> {
  const layoutOf = (network: Network) =>
    createLayout(networkLayers(model, network).flatMap((layer) => layer.parameters));
  return { generator: layoutOf('generator'), discriminator: layoutOf('discriminator') };
}

/** Runs layers one after the other: what the last one returns. `pass` holds their parameters. */
export function applyLayers(layers: readonly Layer[], x: Tensor, pass: Pass): Tensor {
  return layers.reduce((value, layer) => layer.apply(value, pass), x);
}

/**
 * Runs the layers of one of a model's two networks: noise [B, latent] -> images [B, size, size, channels], or images ->
 * logits [B, 1]. Throws a UserError if the layers of a custom network fail, or make another shape. So the first pass
 * through a custom network checks it.
 */
export function applyNetwork(
  model: ModelConfig,
  network: Network,
  layers: readonly Layer[],
  x: Tensor,
  pass: Pass,
): Tensor {
  if (model[network].kind !== 'custom') return applyLayers(layers, x, pass);
  const what = capital(describeNetwork(model, network));
  const y = layers.reduce((value, layer, index) => applyCustomLayer(what, layer, index, value, pass), x);
  const { size, channels } = model.image;
  const expected = network === 'generator' ? [size, size, channels] : [1];
  if (hasShape(y, [x.shape[0], ...expected])) return y;
  const meaning = network === 'generator' ? 'images [B, size, size, channels]' : 'logits [B, 1]';
  throw new UserError({
    code: 'wrong-network-output',
    message: `${what} makes ${describeTensor(y)} of ${describeTensor(x)}; expected float32 [${[x.shape[0], ...expected].join(', ')}]: ${meaning}.`,
    advice: 'Correct its layers.',
  });
}

function applyCustomLayer(what: string, layer: Layer, index: number, x: Tensor, pass: Pass): Tensor {
  const name = layer.parameters[0]?.name.split('/')[0];
  const where = `${what}, layer ${index}${name === undefined ? '' : ` (${name})`}`;
  let y: unknown;
  try {
    y = layer.apply(x, pass);
  } catch (cause) {
    // TensorFlow's messages have several lines.
    const message = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, ' ');
    const kernel = /^Kernel '(\w+)' not registered/.exec(message)?.[1];
    if (kernel !== undefined) throw noKernel(where, kernel, cause);
    const failed = `${where}, fails on ${describeTensor(x)}: ${message.replace(/\.?$/, '.')}`;
    if (cause instanceof UserError) {
      const { code, advice } = cause;
      throw new UserError({ code, message: failed, advice, cause });
    }
    throw new UserError({
      code: 'layer-failed',
      message: failed,
      advice: 'Correct the layer, or the sizes of the layers before it.',
      cause,
    });
  }
  if (y instanceof Tensor) return y;
  throw new UserError({
    code: 'layer-failed',
    message: `${where}, returns ${y === undefined ? 'nothing' : typeof y} for ${describeTensor(x)}; expected a tensor.`,
    advice: 'Let its function `apply` return the result.',
  });
}

function noKernel(where: string, kernel: string, cause: unknown): UserError {
  return new UserError({
    code: 'unknown-operation',
    message: `${where}, uses the operation ${kernel}, which this engine cannot run.`,
    advice: 'Write the layer with other operations of tfjs, or try --engine eager.',
    cause,
  });
}

const hasShape = ({ shape, dtype }: Tensor, expected: readonly number[]): boolean =>
  dtype === 'float32' && shape.length === expected.length && shape.every((length, axis) => length === expected[axis]);

const describeTensor = ({ dtype, shape }: Tensor): string => `${dtype} [${shape.join(', ')}]`;
