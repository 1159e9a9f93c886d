/** The contract suite: what every engine promises. It is run for each engine. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  createInitialWeights,
  createPhaseUnits,
  oneLstm,
  type ModelConfig,
  type Unit,
  type UnitArray,
  type UnitName,
} from '@lstm-gan/core';
import { compareWithGolden, type RunUnit } from '@lstm-gan/core/golden';
import { plainArithmetic } from '@lstm-gan/core/optimizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotFiniteSumError, type CompiledUnit } from '@lstm-gan/core/step';
import type { Engine } from '../contract/engine.ts';
import { probeInputs, probeUnit } from '../probe-unit.ts';

const discriminator = { filters: [32, 64], dropout: 0.3 };

/**
 * A small model with everything in it: LSTM, batch normalisation, dropout, a penalty that draws noise, and convolutions
 * of 32 channels, which our own kernels compute.
 */
const smallModel: ModelConfig = {
  image: { size: 16, channels: 1 },
  latent: 6,
  generator: {
    kind: 'article',
    dense: 16,
    steps: 2,
    stepSize: 8,
    lstm: 8,
    ...oneLstm,
    hidden: [256],
    base: [4, 4, 32],
    filters: [32],
  },
  discriminator,
  loss: 'hinge',
  regularizer: { kind: 'approximate-r1', lambda: 10, sigma: 0.05 },
};

/** The same with what only some models have: an exact penalty, minibatch standard deviation, spectral normalisation, augmentation. */
const richModel: ModelConfig = {
  ...smallModel,
  image: { size: 16, channels: 3 },
  discriminator: { ...discriminator, minibatchDeviation: 2, spectralNorm: true },
  loss: 'wasserstein',
  regularizer: { kind: 'gradient-penalty', lambda: 10, every: 2 },
  augment: { colour: true, translation: 0.125, cutout: 0.5 },
};

/** A loss that compares real with fake images, whose units have other inputs. */
const pairedModel: ModelConfig = { ...smallModel, loss: 'relativistic' };

const goldenFolder = path.join(import.meta.dirname, '../../../../test/fixtures/golden');

/** Runs units on an engine. Each unit is compiled once. */
export function runOn(engine: Engine): RunUnit {
  const compiled = new Map<string, Promise<CompiledUnit>>();
  return async (unit, inputs) => {
    const key = unit.name + unit.identity;
    const entry = compiled.get(key) ?? engine.compile(unit as unknown as Unit);
    compiled.set(key, entry);
    return (await (await entry).run(inputs)) as never;
  };
}

/** Every unit of these models, those of the small one first, with inputs. The inputs are the same at each call. */
export function smallInputs() {
  return [smallModel, richModel, pairedModel].flatMap((model) => {
    const weights = {
      generator: createInitialWeights(model, 'generator', 1),
      discriminator: createInitialWeights(model, 'discriminator', 1),
    };
    return Object.values(createPhaseUnits(model, 4)).map((unit: Unit) => {
      const inputs: Record<string, UnitArray> = probeInputs(unit.inputs);
      for (const [network, values] of Object.entries(weights)) if (network in unit.inputs) inputs[network] = values;
      return { unit, inputs };
    });
  });
}

function inputsOf(name: UnitName) {
  const found = smallInputs().find(({ unit }) => unit.name === name);
  if (found === undefined) throw new Error(`Bug: no unit ${name}`);
  return found;
}

/** Tests an engine. @param how what is special about the engine, for the suite's name */
export function testEngine(name: string, open: () => Promise<Engine>, how = ''): void {
  describe(`the ${name} engine ${how}`.trim(), () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    it.each(readdirSync(goldenFolder))('agrees with the golden values of %s', async (file) => {
      const results = await compareWithGolden(runOn(engine), readFileSync(path.join(goldenFolder, file)));
      expect(results.filter(({ passed }) => !passed)).toEqual([]);
    });

    it('gives the same bits at every run and in every engine opened anew', async () => {
      const other = await open();
      for (const { unit, inputs } of smallInputs()) {
        const first = await engine.compile(unit);
        const outputs = await first.run(inputs);
        expect(await first.run(inputs)).toEqual(outputs);
        expect(await probeUnit(await other.compile(unit))).toBe(await probeUnit(first));
      }
      await other.close();
    });

    it('gives the same bits in two parts, and refuses a part without its inputs', async () => {
      const { unit, inputs } = inputsOf('generator-backward');
      const compiled = await engine.compile(unit);
      const { generator, noise, ...late } = inputs;
      const outputs = await compiled.run(inputs);
      const begun = await compiled.begin({ generator, noise });
      expect(begun.outputs).toEqual({ images: outputs['images'] });
      // The outputs of `begin` belong to the caller. If the caller overwrites them, the results of `finish` do not
      // change.
      begun.outputs['images']?.fill(NaN);
      expect({ ...(await begun.finish(late)), images: outputs['images'] }).toEqual(outputs);
      await expect(compiled.begin({ generator })).rejects.toThrow('got no noise');
      await expect(
        (await compiled.begin({ generator, noise })).finish({ dropoutSeed: late['dropoutSeed'] }),
      ).rejects.toThrow('got no discriminator');
    });

    it.each(['discriminator-fake', 'generator-backward'] as const)(
      'adds an output of %s to earlier vectors',
      async (name) => {
        const { unit, inputs } = inputsOf(name);
        const output = name === 'generator-backward' ? 'contribution' : 'gradient';
        const compiled = await engine.compile(unit);
        const outputs = await compiled.run(inputs);
        const [outer, inner] = [3, -7].map((factor) => outputs[output].map((value, i) => factor * value + 1e-3 * i));
        const expected = new Float32Array(outer.length);
        plainArithmetic.evaluateSum([outer, [inner, outputs[output]]], expected);
        expect(await compiled.run(inputs, { output, onto: [outer, inner] })).toEqual({
          ...outputs,
          [output]: expected,
        });
        expect(await compiled.run(inputs, { output, onto: [] })).toEqual(outputs);
        await expect(compiled.run(inputs, { output, onto: [outer, inner.fill(NaN, 5, 6)] })).rejects.toThrow(
          NotFiniteSumError,
        );
        await expect(compiled.run(inputs, { output, onto: [outer.subarray(1)] })).rejects.toThrow(
          `takes ${output} of shape`,
        );
      },
    );

    it('discards a begun unit, also twice, and then refuses to finish it', async () => {
      const { unit, inputs } = inputsOf('generator-backward');
      const compiled = await engine.compile(unit);
      const { generator, noise, ...late } = inputs;
      const begun = await compiled.begin({ generator, noise });
      begun.discard();
      begun.discard();
      if (engine.name === 'graph') await expect(begun.finish(late)).rejects.toThrow('used up');
    });

    it('holds no more tensors after 100 calls than before', async () => {
      const { unit, inputs } = inputsOf('generator-sample');
      const compiled = await engine.compile(unit);
      await compiled.run(inputs);
      const before = engine.liveTensorCount();
      for (let call = 0; call < 100; call++) await compiled.run(inputs);
      expect(engine.liveTensorCount()).toBe(before);
    });

    it('gives outputs that the caller may overwrite and release', async () => {
      for (const { unit, inputs } of smallInputs()) {
        const compiled = await engine.compile(unit);
        const outputs = await compiled.run(inputs);
        const copies = Object.entries(outputs).map(([key, output]) => [key, output.slice()] as const);
        for (const output of Object.values(outputs)) engine.arithmetic.release(output.fill(NaN));
        expect(Object.entries(await compiled.run(inputs))).toEqual(copies);
      }
    });

    it('does not change its inputs', async () => {
      for (const { unit, inputs } of smallInputs()) {
        const copies = Object.entries(inputs).map(([key, array]) => [key, array.slice()] as const);
        await (await engine.compile(unit)).run(inputs);
        for (const [key, copy] of copies) expect(inputs[key]).toEqual(copy);
      }
    });

    it('refuses wrong names, types and lengths, and says what it expected', async () => {
      const { unit, inputs } = inputsOf('generator-sample');
      const compiled = await engine.compile(unit);
      await expect(compiled.run({ generator: inputs.generator })).rejects.toThrow('got no noise');
      await expect(compiled.run({ ...inputs, noise: new Int32Array(24) })).rejects.toThrow(
        'noise as float32, but got int32',
      );
      await expect(compiled.run({ ...inputs, noise: new Float32Array(23) })).rejects.toThrow(
        '[4, 6], 24 values, but got 23',
      );
      await expect(compiled.run({ ...inputs, nose: new Float32Array(24) })).rejects.toThrow('no input nose');
    });

    it('refuses work after it was closed, and may be closed twice', async () => {
      const { unit, inputs } = inputsOf('generator-sample');
      const closed = await open();
      const compiled = await closed.compile(unit);
      await closed.close();
      await closed.close();
      await expect(compiled.run(inputs)).rejects.toThrow('closed');
      await expect(closed.compile(unit)).rejects.toThrow('closed');
    });
  });
}
