/** Generators with every kind of recurrent layer, on both engines. */
import { createInitialWeights, createPhaseUnits, type ModelConfig, type UnitArray } from '@lstm-gan/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from './contract/engine.ts';
import { openEngine } from './open-engine.ts';
import { probeInputs } from './probe-unit.ts';
import { runOn } from './testing/engine-contract.ts';
import { provisionedCache } from './testing/provisioned-tensorflow.ts';
import { recurrentModels } from './testing/recurrent-models.ts';

let eager: Engine;
/** One graph engine for each number of threads. */
let graphs: Engine[];
beforeAll(async () => {
  const cacheDir = await provisionedCache();
  eager = await openEngine('eager', { cacheDir, threads: 1, device: 'cpu' });
  graphs = await Promise.all([1, 2, 3].map((threads) => openEngine('graph', { cacheDir, threads, device: 'cpu' })));
});
afterAll(() => Promise.all([eager, ...graphs].map((engine) => engine.close())));

/** The units that run the generator, with inputs for them. 20 images: more rows than our thin product takes. */
function generatorUnits(model: ModelConfig) {
  const { generatorBackward, generatorSample } = createPhaseUnits(model, 20);
  const weights = {
    generator: createInitialWeights(model, 'generator', 1),
    discriminator: createInitialWeights(model, 'discriminator', 1),
  };
  return [generatorBackward, generatorSample].map((unit) => {
    const inputs: Record<string, UnitArray> = probeInputs(unit.inputs);
    for (const [network, values] of Object.entries(weights)) if (network in unit.inputs) inputs[network] = values;
    return { unit, inputs };
  });
}

it.each([...recurrentModels])(
  'with %s, the graph engine agrees with the eager one, and gives the same bits with any number of threads',
  async (_name, model) => {
    for (const { unit, inputs } of generatorUnits(model)) {
      const expected = (await runOn(eager)(unit as never, inputs as never)) as Record<string, Float32Array>;
      // One after the other: the engine with one thread makes the graphs, and the others find them in the cache.
      const results: Record<string, Float32Array>[] = [];
      for (const engine of graphs) results.push(await runOn(engine)(unit as never, inputs as never));
      for (const result of results) expect(result).toEqual(results[0]);
      for (const [output, values] of Object.entries(expected)) {
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const error = values.reduce((most, value, i) => Math.max(most, Math.abs(value - results[0][output][i])), 0);
        expect(error, `${unit.name} ${output}`).toBeLessThanOrEqual(1e-4 * scale + 1e-6);
      }
    }
  },
);
