import { mkdtempSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import '@tensorflow/tfjs';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { presets } from '../presets.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { streamKey } from '../random/stream-key.ts';
import { splitVector } from '../weights/named-vectors.ts';
import { encodeSafetensors, type NamedTensor } from '../weights/safetensors.ts';
import { generate } from './generate.ts';
import { readGenerator } from './read-generator.ts';
import { createInitialWeights } from '../model/initial-weights.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';

beforeAll(async () => {
  await setBackend('cpu');
});

const { model } = presets.get('digits');
const weights = createInitialWeights(model, 'generator', 1);
const noise = normalNoise(streamKey({ seed: 7, purpose: 'sample-noise' }), 2 * model.latent);

it('makes images from weights and noise on plain tfjs, and disposes of every tensor', async () => {
  const images = await generate(model, weights, noise);
  expect(images.length).toBe(2 * 32 * 32);
  expect(images.every((value) => Math.abs(value) <= 1)).toBe(true);
  expect(images.slice(0, 1024)).not.toEqual(images.slice(1024));
  expect(memory().numTensors).toBe(0);
});

/**
 * Writes a file with an averaged generator to disk and reads it back. The array that Node then returns may begin at any
 * offset of its ArrayBuffer.
 */
function checkpointOf(config: ModelConfig, vector: Float32Array, owner = model, classes?: object[]): Uint8Array {
  const layout = createLayouts(owner).generator;
  const parts = splitVector(layout, vector);
  const tensors = layout.entries.map(({ name, shape }): NamedTensor => ({
    name: `ema/${name}`,
    dtype: 'F32',
    shape,
    data: parts.get(name) as Float32Array,
  }));
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'lstm-gan-core-')), 'checkpoint.safetensors');
  writeFileSync(
    file,
    Buffer.concat(encodeSafetensors(tensors, new Map([['config', JSON.stringify({ model: config, classes })]]))),
  );
  return readFileSync(file);
}

it("reads a checkpoint's generator", async () => {
  const read = readGenerator(checkpointOf(model, weights));
  expect(read.model).toEqual(model);
  expect(read.classNames).toEqual([]);
  expect(await generate(read.model, read.weights, noise)).toEqual(await generate(model, weights, noise));
});

it('reads the names of the classes of a conditional generator', () => {
  const conditional: ModelConfig = { ...model, condition: { kind: 'label', classes: 2, embedding: 3 } };
  const vector = createInitialWeights(conditional, 'generator', 1);
  const classes = ['cats', 'dogs'].map((name) => ({ name, images: 5 }));
  const read = readGenerator(checkpointOf(conditional, vector, conditional, classes));
  expect(read).toEqual({ model: conditional, weights: vector, classNames: ['cats', 'dogs'] });
});

it('refuses a file without a model, with weights of another model, or with weights that are not finite', () => {
  expect(() => readGenerator(encodeSafetensors([])[0])).toThrow('which model');
  // A small file that claims to hold weights of a terabyte.
  const huge: ModelConfig = {
    ...model,
    generator: { ...model.generator, kind: 'rows', lstm: 2 ** 20, base: [8, 8, 2 ** 17] } as ModelConfig['generator'],
  };
  expect(() => readGenerator(checkpointOf(huge, weights))).toThrow('lstm/kernel should have 1073741824 numbers');
  expect(() => readGenerator(checkpointOf(model, weights.with(5, NaN)))).toThrow('not finite');
});

it('refuses noise that is not a whole number of vectors', async () => {
  await expect(generate(model, weights, noise.slice(1))).rejects.toThrow('199 numbers of noise');
});

it('refuses weights and noise of another type, and reads a checkpoint in every form of bytes', async () => {
  for (const wrong of [new Float64Array(100), [0], new ArrayBuffer(400), Buffer.alloc(400), undefined])
    await expect(generate(model, weights, wrong as unknown as Float32Array)).rejects.toMatchObject({
      code: 'wrong-input-type',
      message: expect.stringMatching(/^generate takes its noise as a Float32Array, but got \w+\.$/),
    });
  await expect(generate(model, Buffer.alloc(4) as unknown as Float32Array, noise)).rejects.toThrow('its weights');
  const entries = createLayouts(model).generator.entries;
  const parts = splitVector(createLayouts(model).generator, weights);
  const tensors = entries.map(({ name, shape }): NamedTensor => ({
    name: `ema/${name}`,
    dtype: 'F32',
    shape,
    data: parts.get(name) as Float32Array,
  }));
  const file = Buffer.concat(encodeSafetensors(tensors, new Map([['config', JSON.stringify({ model })]])));
  const within = Buffer.concat([Buffer.alloc(5), file]).subarray(5);
  for (const bytes of [file, Uint8Array.from(file), Uint8Array.from(file).buffer, within])
    expect(readGenerator(bytes).weights).toEqual(weights);
  expect(() => readGenerator('file' as unknown as ArrayBuffer)).toThrow(/checkpoint are to be .* got string/);
});
