/**
 * The operations of TensorFlow that remain in the graphs for a CPU. Each must give the same bits on every x86-64
 * processor and with any number of threads; docs/bits.md says why each does. An operation that is not in this list
 * needs that thought first, or an operation of our own.
 */
import { createPhaseUnits, oneLstm, presets, type ModelConfig, type Unit } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { makeGraphs } from '../../make-graphs.ts';
import { loadAddon } from '../../tensorflow/runtime/addon.ts';
import { provisionedTensorFlow } from '../../testing/provisioned-tensorflow.ts';
import { recurrentModels } from '../../testing/recurrent-models.ts';

/** They copy, convert, compare or select numbers without rounding them, or count. */
const exact = [
  ...['Const', 'Placeholder', 'Identity', 'Reshape', 'Slice', 'Transpose', 'ConcatV2', 'Cast', 'ZerosLike', 'Fill'],
  ...['Greater', 'GreaterEqual', 'Less', 'Equal', 'LogicalAnd', 'IsNan', 'Select', 'Relu', 'Floor', 'Range'],
  ...['SplitV', 'PadV2', 'Tile', 'ReverseV2'],
  // Integers, of which the highest bits become a float.
  'StatelessRandomUniform',
];
/** Each element of the result is rounded once, as IEEE 754 says, and no element depends on another. */
const roundedOnce = ['Add', 'Sub', 'Mul', 'RealDiv', 'Neg', 'Square', 'Sqrt', 'BiasAdd', 'LeakyRelu', 'LeakyReluGrad'];

const base = (presets.get('rows')?.model ?? {}) as ModelConfig;
const discriminator = { filters: [8, 8], dropout: 0.3 };
/** A small model, so that tracing takes little time. */
const small: ModelConfig = {
  ...base,
  image: { size: 16, channels: 3 },
  latent: 3,
  generator: {
    kind: 'rows',
    dense: 16,
    steps: 2,
    stepSize: 8,
    lstm: 64,
    ...oneLstm,
    hidden: [],
    base: [4, 4, 8],
    filters: [8],
  },
  discriminator,
};
const models: Record<string, ModelConfig> = {
  ...Object.fromEntries([...presets.values()].map(({ name, model }) => [name, model])),
  ...Object.fromEntries(recurrentModels),
  ...Object.fromEntries(
    (['non-saturating', 'hinge', 'least-squares', 'wasserstein', 'relativistic'] as const).flatMap((loss) =>
      [
        { kind: 'none' } as const,
        { kind: 'r1', gamma: 1, every: 1 } as const,
        { kind: 'r1-r2', gamma: 1, every: 2 } as const,
        { kind: 'gradient-penalty', lambda: 10, every: 1 } as const,
        { kind: 'approximate-r1', lambda: 200, sigma: 0.05 } as const,
      ].map((regularizer): [string, ModelConfig] => [`${loss}, ${regularizer.kind}`, { ...small, loss, regularizer }]),
    ),
  ),
  'minibatch deviation and augmentation': {
    ...small,
    discriminator: { ...discriminator, minibatchDeviation: 2 },
    regularizer: { kind: 'r1', gamma: 1, every: 1 },
    augment: { colour: true, translation: 0.125, cutout: 0.5 },
  },
  'spectral normalisation': { ...small, discriminator: { ...discriminator, spectralNorm: true } },
  'label smoothing': { ...small, labelSmoothing: 0.1 },
  'labels and an exact penalty': {
    ...small,
    condition: { kind: 'label', classes: 5, embedding: 4 },
    discriminator: { ...discriminator, minibatchDeviation: 2 },
    regularizer: { kind: 'r1-r2', gamma: 1, every: 1 },
  },
};

it.each(Object.entries(models))('the graphs of %s have no other operations', async (_name, model) => {
  const provisioned = await provisionedTensorFlow();
  loadAddon(provisioned);
  const target = { device: 'cpu', precision: 'float32', stateOnDevice: false } as const;
  // augment.ts multiplies by matrices of 0 and at most one 1 in a row or column, so its products are exact.
  const allowed = [...exact, ...roundedOnce, ...(model.augment === undefined ? [] : ['BatchMatMulV2'])];
  for (const unit of Object.values(createPhaseUnits(model, 4)) as Unit[]) {
    const graphs = await makeGraphs(unit, provisioned, target, 1);
    const found = new Set(graphs.flatMap(({ nodes }) => nodes.map(({ op }) => op)));
    const others = [...found].filter((op) => !op.startsWith('LstmGan') && !allowed.includes(op));
    expect(others, unit.name).toEqual([]);
  }
});
