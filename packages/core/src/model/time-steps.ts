/**
 * The part of a generator that works in time steps, from the noise to the feature map. A configuration without `block`
 * writes whole rows of the map. Shapes: B batch, T time steps, P positions of a block (1 without a convolutional LSTM).
 */
import { bidirectional } from '../nn/bidirectional.ts';
import { convLstm } from '../nn/conv-lstm.ts';
import { fromBlocks } from '../nn/from-blocks.ts';
import { gru } from '../nn/gru.ts';
import { joinLabel } from '../nn/label-embedding.ts';
import type { Layer } from '../nn/layer.ts';
import { lstm } from '../nn/lstm.ts';
import { stepNoise } from '../nn/step-noise.ts';
import { toShape } from '../nn/to-shape.ts';
import type { GeneratorConfig, ModelConfig } from './model-config.ts';

/** Generators that make the feature map in time steps. */
export type RecurrentGenerator = Extract<GeneratorConfig, { steps: unknown }>;

/**
 * The layers from the noise [B, latent] to the outputs of the time steps [B, T, N], where N is `outputsOfStep`.
 * @param first layers [B, `inputsOfDense`] -> [B, dense], which make the features of all steps
 * @param condition with it, the recurrent layers read the image's class at every time step
 */
export function timeSteps(
  first: readonly Layer[],
  config: RecurrentGenerator,
  condition: ModelConfig['condition'],
): Layer[] {
  const { steps, stepSize, stepNoise: noise } = config;
  const positions = positionsOf(config);
  const shape = config.cell === 'conv-lstm' ? [steps, positions, stepSize / positions] : [steps, stepSize];
  const features = [...first, toShape(shape)];
  return [
    ...(noise === 0 ? features : [stepNoise(features, steps, noise)]),
    ...(condition === undefined || config.lstm === 0 ? [] : [joinLabel()]),
    ...recurrentLayers(config, condition?.embedding ?? 0),
    ...(config.cell === 'conv-lstm' ? [toShape([steps, outputsOfStep(config)])] : []),
  ];
}

/** How many numbers of the noise the first Dense layer reads: all but those that the time steps read for themselves. */
export function inputsOfDense(latent: number, { steps, stepNoise: noise }: RecurrentGenerator): number {
  return latent - steps * noise;
}

/** How many numbers a time step has after the recurrent layers. */
export function outputsOfStep(config: RecurrentGenerator): number {
  const { lstm: units, stepSize, stepNoise: noise } = config;
  return units === 0 ? stepSize + noise : units * positionsOf(config);
}

/** Puts the outputs of the time steps, [B, T, N], together to the feature map, [B, H, W, C]. */
export function toMap({ base, block }: RecurrentGenerator): Layer {
  return block === null ? toShape(base) : fromBlocks(block, base);
}

/** The positions of the map that a time step of a convolutional LSTM reads and writes; 1 for the other cells. */
export function positionsOf({ cell, block }: RecurrentGenerator): number {
  return cell === 'conv-lstm' && block !== null ? block[0] * block[1] : 1;
}

/** @param label length of the label's embedding, which joins the features of a step; 0 without a condition */
function recurrentLayers(config: RecurrentGenerator, label: number): Layer[] {
  const { layers, lstm: units, stepSize, stepNoise: noise } = config;
  if (units === 0) return [];
  const features = stepSize / positionsOf(config) + noise + label;
  return Array.from({ length: layers }, (_, k) => {
    const name = cellNames[config.cell] + (k === 0 ? '' : k);
    const inputs = k === 0 ? features : units;
    if (!config.bidirectional) return cell(config, name, inputs, units);
    return bidirectional(
      cell(config, `${name}Forward`, inputs, units / 2),
      cell(config, `${name}Backward`, inputs, units / 2),
    );
  });
}

const cellNames = { lstm: 'lstm', gru: 'gru', 'conv-lstm': 'convLstm' } as const;

function cell({ cell: kind, block }: RecurrentGenerator, name: string, inputs: number, units: number): Layer {
  switch (kind) {
    case 'lstm':
      return lstm(name, inputs, units);
    case 'gru':
      return gru(name, inputs, units);
    case 'conv-lstm':
      return convLstm(name, block ?? [1, 1], inputs, units);
  }
}
