import type { Tensor } from '@tensorflow/tfjs-core';
import type { Layer, Pass } from '../nn/layer.ts';
import { createLayout, type Layout, type Network } from '../weights/layout.ts';
import { checkModelConfig } from './check-model-config.ts';
import { discriminatorLayers } from './discriminator.ts';
import { generatorLayers } from './generator.ts';
import type { ModelConfig } from './model-config.ts';

/** The layers of one of a model's two networks. Throws a UserError if the sizes do not fit together. */
export function networkLayers(model: ModelConfig, network: Network): Layer[] {
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

/** Runs layers one after the other. */
export function applyLayers(layers: readonly Layer[], x: Tensor, pass: Pass): Tensor {
  return layers.reduce((value, layer) => layer.apply(value, pass), x);
}
