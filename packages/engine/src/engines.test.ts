import { add, randomNormal, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Unit } from '@lstm-gan/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineName } from './engine.ts';
import { openGraphEngine } from './graph-engine.ts';
import { openEngine } from './open-engine.ts';
import { locateTensorFlow, type Provisioned } from './tensorflow/provision.ts';
import { runOn, smallInputs, testEngine } from './testing/engine-contract.ts';
import { provisionedCache } from './testing/provisioned.ts';

const open = async (name: EngineName) => openEngine(name, { cacheDir: await provisionedCache(), threads: 1, device: 'cpu' });

testEngine('eager', () => open('eager'));
testEngine('graph', () => open('graph'));

describe('the two engines', () => {
  let engines: Engine[];
  beforeAll(async () => {
    engines = [await open('eager'), await open('graph')];
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  it('agree on every output of every unit, dropout masks and drawn noise included', async () => {
    const [eager, graph] = engines.map(runOn);
    for (const { unit, inputs } of smallInputs()) {
      const [expected, actual] = [await eager(unit, inputs), await graph(unit, inputs)];
      for (const [output, values] of Object.entries(expected)) {
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const error = values.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[output][i])), 0);
        expect(error, `${unit.name} ${output}`).toBeLessThanOrEqual(1e-4 * scale + 1e-6);
      }
    }
  });
});

it('refuses a GPU that TensorFlow does not find, instead of computing on the processor', async () => {
  const cacheDir = await provisionedCache();
  const withoutGpu = await locateTensorFlow(cacheDir, 'cpu');
  await expect(openGraphEngine(withoutGpu as Provisioned, { cacheDir, threads: 1, device: 'gpu' })).rejects.toMatchObject({ code: 'gpu-not-used' });
});

describe('tracing', () => {
  const unit = (run: (x: Tensor) => Tensor): Unit<'x', 'y'> => ({
    name: 'generator-sample',
    identity: run.toString(),
    inputs: { x: { shape: [2], dtype: 'float32' } },
    outputs: { y: { shape: [2], dtype: 'float32' } },
    run: ({ x }) => ({ y: run(x) }),
  });
  let graph: Engine;
  beforeAll(async () => {
    graph = await open('graph');
  });
  afterAll(() => graph.close());

  it('refuses a unit that reads values back', async () => {
    await expect(graph.compile(unit((x) => add(x, add(x, 1).dataSync()[0])))).rejects.toThrow(/read back/);
  });

  it('refuses a unit that draws random numbers', async () => {
    await expect(graph.compile(unit((x) => add(x, randomNormal([2]))))).rejects.toThrow(/random numbers/);
  });

  it('refuses a unit whose outputs differ from what it declares', async () => {
    await expect(graph.compile(unit((x) => reshape(x, [2, 1])))).rejects.toThrow(/returns y as float32 \[2, 1\]/);
  });
});
