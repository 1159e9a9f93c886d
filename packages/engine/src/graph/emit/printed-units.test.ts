import { createPhaseUnits, oneLstm, type ModelConfig, type PhaseUnits, type Unit } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { loadAddon } from '../../tensorflow/runtime/addon.ts';
import { loadStockBackend } from '../../tensorflow/runtime/stock-backend.ts';
import { provisionedTensorFlow } from '../../testing/provisioned-tensorflow.ts';
import { lowerBatchNorm } from '../lower/lower-batch-norm.ts';
import { lowerGraph } from '../lower/lower-graph.ts';
import { lowerToAddon } from '../../make-graphs.ts';
import { printGraph } from './print-graph.ts';
import { traceUnit } from '../record/trace-unit.ts';

/** A small model, so that its graphs can be read; it has every kind of layer that large models have. */
const model: ModelConfig = {
  image: { size: 16, channels: 3 },
  latent: 3,
  generator: {
    kind: 'rows',
    dense: 16,
    steps: 2,
    stepSize: 8,
    lstm: 256,
    ...oneLstm,
    hidden: [],
    base: [4, 4, 32],
    filters: [32],
  },
  discriminator: { filters: [32, 32], dropout: 0.3 },
  loss: 'non-saturating',
  regularizer: { kind: 'none' },
};

const { discriminatorReal, generatorBackward } = createPhaseUnits(model, 2) as Required<PhaseUnits>;

// The golden files show the graphs that TensorFlow gets, node by node, so a change of a formula or a rule is visible.
it.each([discriminatorReal, generatorBackward] as unknown as Unit[])(
  'emits the graph of $name that stands in its file',
  async (unit) => {
    const provisioned = await provisionedTensorFlow();
    loadAddon(provisioned);
    await loadStockBackend(provisioned, 1);
    await expect(
      printGraph(lowerToAddon(lowerBatchNorm(lowerGraph(traceUnit(unit, 'cpu'))), 'cpu')),
    ).toMatchFileSnapshot(`printed/${unit.name}.txt`);
  },
);
