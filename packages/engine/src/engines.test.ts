/**
 * Both engines: the contract suite, and what only one of them has. These are the tests of eager-engine.ts,
 * graph-engine.ts and graph-unit.ts.
 */
import { add, randomNormal, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Unit } from '@lstm-gan/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineName, EngineOptions } from './contract/engine.ts';
import { openGraphEngine } from './graph-engine.ts';
import { openEngine } from './open-engine.ts';
import { openEmulatedGpu } from './testing/emulated-gpu.ts';
import { runOn, smallInputs, testEngine } from './testing/engine-contract.ts';
import { provisionedCache, provisionedTensorFlow } from './testing/provisioned-tensorflow.ts';

const open = async (name: EngineName, options: Partial<EngineOptions> = {}) =>
  openEngine(name, { cacheDir: await provisionedCache(), threads: 1, device: 'cpu', ...options });

testEngine('eager', () => open('eager'));
testEngine('graph', () => open('graph'));
testEngine('graph', () => open('graph', { stateOnDevice: true }), 'with its state on the device');
testEngine('graph', openOnEmulatedGpu, 'on an emulated GPU');

async function openOnEmulatedGpu(): Promise<Engine> {
  const cacheDir = await provisionedCache();
  return openGraphEngine(await provisionedTensorFlow(), { cacheDir, threads: 1, device: 'gpu' }, openEmulatedGpu);
}

describe('the two engines', () => {
  let engines: Engine[];
  beforeAll(async () => {
    engines = [await open('eager'), await open('graph')];
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  it('agree on every output of every unit, including dropout masks and random noise', async () => {
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

describe('state on the device', () => {
  let engine: Engine;
  let plain: Engine;
  beforeAll(async () => {
    [engine, plain] = [await open('graph', { stateOnDevice: true }), await open('graph')];
  });
  afterAll(() => Promise.all([engine.close(), plain.close()]));

  it('gives the same bits as state that is fed, with two weights and several begun units at a time', async () => {
    const [onDevice, fed] = [runOn(engine), runOn(plain)];
    for (const { unit, inputs } of smallInputs()) {
      const others = Object.fromEntries(
        Object.entries(inputs).map(([name, array]) => [
          name,
          array instanceof Float32Array ? array.map((x) => 0.9 * x) : array,
        ]),
      );
      const runs = [inputs, others, inputs, others];
      const outputs = await Promise.all(runs.map((each) => onDevice(unit, each)));
      expect(outputs).toEqual(await Promise.all(runs.map((each) => fed(unit, each))));
      expect(outputs[1]).not.toEqual(outputs[0]);
    }
  });

  it('does not assign weights again that are on the device', async () => {
    for (const { unit, inputs } of smallInputs()) {
      const compiled = await engine.compile(unit);
      const outputs = await compiled.run(inputs);
      // Callers must not overwrite lasting inputs. This test overwrites them, to show that they are not read again.
      for (const name of unit.lasting ?? []) inputs[name].fill(0);
      expect(await compiled.run(inputs)).toEqual(outputs);
    }
  });

  it('frees what begun units keep on the device, after finish and after discard', async () => {
    const { unit, inputs } = smallInputs().filter(({ unit: { name } }) => name === 'generator-backward')[0];
    const compiled = await engine.compile(unit);
    const { release } = engine.arithmetic;
    const beginMany = async (count: number): Promise<number> => {
      for (let begins = 0; begins < count; begins++) {
        const begun = await compiled.begin({ generator: inputs['generator'], noise: inputs['noise'] });
        Object.values(begun.outputs).forEach((output) => release(output as Float32Array));
        if (begins % 2 === 0) begun.discard();
        else Object.values(await begun.finish(inputs)).forEach((output) => release(output as Float32Array));
      }
      return process.memoryUsage().rss;
    };
    const before = await beginMany(100);
    // A begun unit keeps about 100 kB, so 1000 of them would keep 100 MB.
    expect((await beginMany(1000)) - before).toBeLessThan(32e6);
  });

  it('does not read arrays after they were released', async () => {
    const { unit, inputs } = smallInputs()[0];
    const { allocate, release } = engine.arithmetic;
    const compiled = await engine.compile(unit);
    const expected = await compiled.run(inputs);
    for (let version = 0; version < 20; version++) {
      const discriminator = allocate(inputs['discriminator'].length);
      discriminator.set(inputs['discriminator']);
      expect(await compiled.run({ ...inputs, discriminator })).toEqual(expected);
      release(discriminator.fill(NaN));
    }
  });
});

it('refuses a GPU that TensorFlow does not find, instead of computing on the processor', async () => {
  const cacheDir = await provisionedCache();
  const withoutGpu = await provisionedTensorFlow();
  await expect(openGraphEngine(withoutGpu, { cacheDir, threads: 1, device: 'gpu' })).rejects.toMatchObject({
    code: 'gpu-not-used',
  });
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
