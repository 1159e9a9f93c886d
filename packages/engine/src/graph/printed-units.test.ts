import { createPhaseUnits, type ModelConfig, type Unit } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { locateTensorFlow, type Provisioned } from '../tensorflow/provision.ts';
import { loadAddon } from '../tensorflow/session.ts';
import { loadStockBackend } from '../tensorflow/stock-backend.ts';
import { provisionedCache } from '../testing/provisioned.ts';
import { lowerGraph } from './lower.ts';
import { lowerOwn } from './make-graphs.ts';
import { printGraph } from './print.ts';
import { traceUnit } from './trace.ts';

/** Small enough to be read, with everything in it that large ones have. */
const model: ModelConfig = {
  image: { size: 16, channels: 3 },
  latent: 3,
  generator: { kind: 'rows', dense: 16, steps: 2, stepSize: 8, lstm: 256, hidden: [], base: [4, 4, 32], filters: [32] },
  discriminator: { filters: [32, 32], dropout: 0.3 },
  loss: 'non-saturating',
  regularizer: { kind: 'none' },
};

const { discriminatorReal, generatorBackward } = createPhaseUnits(model, 2);

// What TensorFlow is handed, node by node: whoever changes a formula or a rule sees here what became of it.
it.each([discriminatorReal, generatorBackward] as unknown as Unit[])(
  'emits the graph of $name that is written down',
  async (unit) => {
    const provisioned = (await locateTensorFlow(await provisionedCache(), 'cpu')) as Provisioned;
    loadAddon(provisioned);
    await loadStockBackend(provisioned, 1);
    await expect(printGraph(lowerOwn(lowerGraph(traceUnit(unit, 'cpu')), 'cpu'))).toMatchFileSnapshot(
      `printed/${unit.name}.txt`,
    );
  },
);
