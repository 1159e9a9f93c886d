/**
 * Generators: noise [B, latent] -> images [B, H, W, C] in [-1, 1]. A generator is a list of layers, chosen by
 * `kind`; sizes come from the configuration.
 */
import { tanh } from '@tensorflow/tfjs-core';
import { batchNorm } from '../nn/batch-norm.ts';
import { transposedConvolution } from '../nn/convolution.ts';
import { dense } from '../nn/dense.ts';
import { labelEmbedding } from '../nn/label-embedding.ts';
import { stateless, type Layer } from '../nn/layer.ts';
import { leakyRelu } from '../nn/leaky-relu.ts';
import { toShape } from '../nn/to-shape.ts';
import { customLayers } from './custom-networks.ts';
import type { GeneratorConfig, ModelConfig } from './model-config.ts';
import { inputsOfDense, outputsOfStep, timeSteps, toMap } from './time-steps.ts';

type KindOf<K extends GeneratorConfig['kind']> = Extract<GeneratorConfig, { kind: K }>;

/** The layers of a model's generator. */
export function generatorLayers(model: ModelConfig): readonly Layer[] {
  const { latent, image, generator, condition } = model;
  switch (generator.kind) {
    case 'article':
      return articleLayers(latent, image.channels, generator, condition);
    case 'rows':
      return rowsLayers(latent, image.channels, generator, condition);
    case 'dcgan': {
      const { base, filters } = generator;
      const [height, width, depth] = base;
      return [
        ...firstDense(latent, height * width * depth, condition),
        toShape(base),
        batchNorm('norm0', depth),
        ...upsampling(depth, filters, image.channels, 1),
      ];
    }
    case 'dense':
      return denseLayers(latent, image, generator, condition);
    case 'custom':
      return customLayers(model, 'generator');
  }
}

type Condition = ModelConfig['condition'];

/** The first Dense layer. It reads noise and, in a conditional model, the embedding of the image's class. */
function firstDense(noise: number, units: number, condition: Condition): Layer[] {
  if (condition === undefined) return [dense('dense0', noise, units)];
  const { classes, embedding } = condition;
  return [labelEmbedding(classes, embedding), dense('dense0', noise + embedding, units)];
}

const toPixels = () => stateless((x) => tanh(x));

/**
 * Transposed convolutions, each of which doubles height and width. LeakyReLU and batch normalisation follow each of
 * them except the last; tanh follows the last.
 */
function upsampling(depth: number, filters: readonly number[], channels: number, firstNorm: number): Layer[] {
  const inner = filters.flatMap((outputs, k) => [
    transposedConvolution(`convTranspose${k}`, k === 0 ? depth : filters[k - 1], outputs),
    leakyRelu(),
    batchNorm(`norm${firstNorm + k}`, outputs),
  ]);
  const last = transposedConvolution(`convTranspose${filters.length}`, filters.at(-1) ?? depth, channels);
  return [...inner, last, toPixels()];
}

function articleLayers(latent: number, channels: number, config: KindOf<'article'>, condition: Condition): Layer[] {
  const { dense: units, hidden, base, filters } = config;
  const perStep = hidden.flatMap((outputs, k) => [
    dense(`dense${k + 1}`, k === 0 ? outputsOfStep(config) : hidden[k - 1], outputs),
    leakyRelu(),
    batchNorm(`norm${k + 1}`, outputs),
  ]);
  const dense0 = firstDense(inputsOfDense(latent, config), units, condition);
  return [
    ...timeSteps([...dense0, leakyRelu(), batchNorm('norm0', units)], config, condition), // [B, T, N]
    ...perStep,
    toMap(config),
    ...upsampling(base[2], filters, channels, hidden.length + 1),
  ];
}

function rowsLayers(latent: number, channels: number, config: KindOf<'rows'>, condition: Condition): Layer[] {
  const { dense: units, base, filters } = config;
  const dense0 = firstDense(inputsOfDense(latent, config), units, condition);
  return [
    ...timeSteps([...dense0, leakyRelu()], config, condition), // [B, T, N]
    toMap(config), // each step has written a row (or rows, or a block) of the feature map
    batchNorm('norm0', base[2]),
    ...upsampling(base[2], filters, channels, 1),
  ];
}

function denseLayers(
  latent: number,
  { size, channels }: ModelConfig['image'],
  { units }: KindOf<'dense'>,
  condition: Condition,
): Layer[] {
  const layer = (k: number, outputs: number): Layer[] =>
    k === 0 ? firstDense(latent, outputs, condition) : [dense(`dense${k}`, units[k - 1], outputs)];
  const inner = units.flatMap((outputs, k) => [...layer(k, outputs), leakyRelu(), batchNorm(`norm${k}`, outputs)]);
  const last = layer(units.length, size * size * channels);
  return [...inner, ...last, toShape([size, size, channels]), toPixels()];
}
