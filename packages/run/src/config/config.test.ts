import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import { format, resolveConfig } from 'prettier';
import { beforeAll, describe, expect, it } from 'vitest';
import { allFields, checkRunConfig } from '@lstm-gan/core/config';
import { configure, createRunConfig, overridesLayer } from './run-config.ts';
import { configReference } from '../testing/config-reference.ts';
import { createLayer, differencesOf } from './config-layers.ts';
import { editorSchema } from './editor-schema.ts';
import { printConfig } from './print-config.ts';
import { readConfigFile, readSettings } from './read-config.ts';

const digits = presets.get('digits') as Preset;
const docs = (name: string) => path.join(import.meta.dirname, '../../../../docs', name);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-config-'));
});

async function read(text: string, name = 'config.yaml') {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return readConfigFile(file);
}

describe('layers', () => {
  it('override a preset: a file, then settings, then options; other fields keep their values', async () => {
    const file = await read('batchSize: 32\nseed: 2\nshardSize: 8\nmodel: {latent: 50}\n');
    const config = configure(digits, [
      file,
      readSettings(['seed=3', 'shardSize=4', 'ema.rampUp=0.1']),
      overridesLayer({ shardSize: 2, channels: 3 }),
    ]);
    expect(config).toEqual({
      ...createRunConfig(digits),
      batchSize: 32,
      seed: 3,
      shardSize: 2,
      model: { ...digits.model, latent: 50, image: { size: 32, channels: 3 } },
      ema: { ...digits.ema, rampUp: 0.1 },
    });
  });

  it('replace lists, and a mapping whose kind changes, as a whole, in any order of the settings', () => {
    for (const settings of [
      ['model.regularizer.kind=r1', 'model.regularizer.gamma=10'],
      ['model.regularizer.gamma=10', 'model.regularizer.kind=r1'],
    ]) {
      expect(configure(digits, [readSettings(settings)]).model.regularizer).toEqual({
        kind: 'r1',
        gamma: 10,
        every: 1,
      });
    }
    expect(configure(digits, [readSettings(['model.discriminator.filters=[8, 16]'])]).model.discriminator).toEqual({
      filters: [8, 16],
      dropout: 0,
    });
    expect(configure(digits, [readSettings(['model.regularizer.lambda=100'])]).model.regularizer).toEqual({
      kind: 'approximate-r1',
      lambda: 100,
      sigma: 0.05,
    });
  });

  it("may be a run's whole configuration, as JSON", async () => {
    const rows = createRunConfig(presets.get('rows') as Preset, { seed: 5 });
    expect(
      configure(digits, [await read(JSON.stringify({ $schema: './config.schema.json', ...rows }), 'config.json')]),
    ).toEqual(rows);
  });

  it('may use one YAML value twice, by an alias', async () => {
    const layer = await read('optimizer:\n  generator: &adam {learningRate: 1e-4, beta1: 0}\n  discriminator: *adam\n');
    const { generator, discriminator } = configure(digits, [layer]).optimizer;
    expect([generator, discriminator]).toEqual(
      Array(2).fill({ ...digits.optimizer.generator, learningRate: 1e-4, beta1: 0 }),
    );
  });

  it('are compared field by field', () => {
    const before = createRunConfig(digits);
    expect(differencesOf(before, before)).toEqual([]);
    const after = configure(digits, [
      readSettings(['seed=9', 'data=emoji', 'model.regularizer.lambda=1', 'model.discriminator.filters=[8]']),
    ]);
    expect(differencesOf(before, after)).toEqual([
      'model.discriminator.filters [64,128,256], not [8]',
      'model.regularizer.lambda 20, not 1',
      'data digits, not emoji',
      'seed 1, not 9',
    ]);
  });
});

describe('a key that no configuration has is refused with the nearest name', () => {
  it.each<[string, string, string]>([
    ['batchsize=3', '--set: there is no batchsize; a configuration has preset, model, data', 'Did you mean batchSize?'],
    ['steps=600', '--set: there is no steps; a configuration says what is computed', 'the option --steps.'],
    ['sample_every=9', 'there is no sample_every', 'the option --sample-every.'],
    ['model.latend=3', 'there is no model.latend; model has image, latent', 'Did you mean model.latent?'],
    ['lambda=3', 'there is no lambda', 'Did you mean model.regularizer.lambda?'],
    [
      'model.regularizer.kinds=3',
      'model.regularizer has kind, lambda, sigma, gamma',
      'Did you mean model.regularizer.kind?',
    ],
    ['model.xyzzy=3', 'there is no model.xyzzy', 'See docs/config.md'],
    ['__proto__.x=3', 'there is no __proto__', 'See docs/config.md'],
    ['model.constructor.prototype.x=3', 'there is no model.constructor', 'See docs/config.md'],
  ])('%s', (setting, message, advice) => {
    expect(() => configure(digits, [readSettings([setting])])).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: expect.stringContaining(message),
        advice: expect.stringContaining(advice),
      }) as Error,
    );
  });
});

it('lets a discriminator of kind custom replace the one of the preset, which names no kind', () => {
  const { model } = configure(digits, [readSettings(['model.discriminator={kind: custom, name: d, options: {a: 1}}'])]);
  expect(model.discriminator).toEqual({ kind: 'custom', name: 'd', options: { a: 1 } });
  const back = configure(digits, [readSettings(['model.discriminator.kind=convolutional'])]).model.discriminator;
  expect(back).toEqual({ ...digits.model.discriminator, kind: 'convolutional' });
});

describe('a wrong value is named, with what is allowed', () => {
  it.each<[string, string]>([
    ['batchSize=many', 'batchSize is to be a whole number above 0, not "many"'],
    ['batchSize={x: 1}', 'batchSize is to be a whole number above 0, not {"x":1}'],
    ['seed=-1', 'seed is to be a whole number from 0 up to 4294967295, not -1'],
    ['model.discriminator.dropout=1', 'model.discriminator.dropout is to be a number from 0 below 1, not 1'],
    ['model.image.channels=2', 'model.image.channels is to be 1 or 3, not 2'],
    [
      'model.loss=hing',
      'model.loss is to be one of non-saturating, hinge, least-squares, wasserstein, relativistic, not "hing"',
    ],
    [
      'model.generator.base=[1, 2]',
      'model.generator.base is to be a list of 3, each a whole number above 0, not [1,2]',
    ],
    ['model.generator.filters=[1, x]', 'model.generator.filters.1 is to be a whole number above 0, not "x"'],
    ['ema.rampUp=no', 'ema.rampUp is to be a number above 0 or null, not "no"'],
    ['flip=1', 'flip is to be true or false, not 1'],
    ['model.regularizer={kind: r1}', 'model.regularizer.gamma is to be a number above 0, and is missing'],
    [
      'model.regularizer.kind=r2',
      'model.regularizer.kind is to be one of none, approximate-r1, r1, r1-r2, gradient-penalty, not "r2"',
    ],
    ['model.regularizer.gamma=2', 'model.regularizer.gamma is no field of kind approximate-r1'],
    [
      'model.generator={kind: custom, name: a/b}',
      'model.generator.name is to be a text of 1 to 64 letters, digits and . _ -, not "a/b"',
    ],
    [
      `model.generator={kind: custom, name: a, options: {x: ${'y'.repeat(17_000)}}}`,
      'model.generator.options is to be a mapping of JSON values, nested at most 16 deep, of at most 16384 characters',
    ],
    ['model=5', 'model is to be a mapping of image, latent, generator'],
    ['optimizer.generator.learningRate=.inf', 'optimizer.generator.learningRate is to be a number above 0, not'],
  ])('%s', (setting, message) => {
    expect(() => configure(digits, [readSettings([setting])])).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining(message) }) as Error,
    );
  });
});

it.each([
  [{ batchsize: 4 }, 'Did you mean batchSize?'],
  [{ ema: { ...digits.ema, halfLife: 1 } }, 'The fields here are halfLifeImages, rampUp.'],
  [{ model: { ...digits.model, discriminator: { filters: [8], dropout: 0, spectralnorm: true } } }, 'spectralNorm?'],
])('%j has a field that is advised', (changes, advice) => {
  expect(() => checkRunConfig({ ...createRunConfig(digits), ...changes })).toThrow(
    expect.objectContaining({ code: 'config', advice: expect.stringContaining(advice) }) as Error,
  );
});

describe('a file is refused in a sentence when', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    'b: &b [*a,*a,*a,*a,*a,*a,*a,*a]',
    'c: &c [*b,*b,*b,*b,*b,*b]',
    'd: [*c,*c,*c,*c,*c,*c]',
  ].join('\n');
  it.each<[string, string, string]>([
    ['its aliases make a large thing of it', bomb, 'Excessive alias count'],
    ['it has a tag', 'seed: !!js/function "x"', 'Unresolved tag'],
    ['a key comes twice', 'seed: 1\nseed: 2', 'Map keys must be unique'],
    ['it holds two documents', 'seed: 1\n---\nseed: 2', 'multiple documents'],
    ['it does not end', 'seed: [1', 'cannot be used'],
    ['it is nested without end', '['.repeat(5000), 'cannot be used'],
    ['it is a list', '- 1', 'not a mapping'],
    ['it merges', '<<: {seed: 1}', 'there is no <<'],
    ['it reaches for the prototype', '__proto__: {seed: 7}', 'there is no __proto__'],
    ['it is large', `# ${'x'.repeat(70_000)}`, 'larger than 65536 bytes'],
  ])('%s', async (_, text, sentence) => {
    const refusal = await read(text).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'UserError', message: expect.stringContaining(sentence) });
    expect((refusal as Error).message).not.toContain('\n');
    expect(({} as Record<string, unknown>)['seed']).toBeUndefined();
  });

  it('it is no JSON, is not there, or never ends', async () => {
    await expect(read('seed: 1', 'wrong.json')).rejects.toMatchObject({
      message: expect.stringContaining('it is no JSON'),
    });
    await expect(readConfigFile(path.join(folder, 'nowhere.yaml'))).rejects.toMatchObject({
      message: expect.stringContaining('cannot be read'),
    });
    await expect(readConfigFile(folder)).rejects.toMatchObject({ message: expect.stringContaining('cannot be read') });
    await expect(readConfigFile('/dev/zero')).rejects.toMatchObject({
      message: expect.stringContaining('larger than'),
    });
    expect(() => readSettings(['seed'])).toThrow('KEY.PATH=VALUE, got seed');
  });

  it('but may be empty', async () => {
    expect(configure(digits, [await read('# nothing yet\n')])).toEqual(createRunConfig(digits));
  });
});

it.each([...presets.values()])(
  'prints $name with unit, default and reason of every field, and reads it back',
  async (preset) => {
    const config = configure(preset, [readSettings(['seed=77'])]);
    const text = printConfig(config, createRunConfig(preset));
    expect(configure(digits, [await read(text)])).toEqual(config);
    expect(text).toContain(
      '# Seed of all random numbers: initial weights, noise, dropout, the order of images.\n' +
        '# default: 1. Why: any number will do; the same seed gives the same weights.\nseed: 77\n',
    );
    const leaves = text.split('\n').filter((line) => /^ *\w+: \S/.test(line)).length;
    expect(text.split('\n').filter((line) => /^ *# .*default: .* Why: \S/.test(line))).toHaveLength(leaves);
  },
);

it('has a description and a reason for every field', () => {
  for (const { path: name, field } of allFields()) {
    expect(field.description, name).toMatch(/\S/);
    if (field.properties === undefined && field.oneOf === undefined) expect(field.reason, name).toMatch(/\S/);
  }
});

it('has a reference page that is current', async () => {
  const file = docs('config.md');
  const page = await format(configReference(), { ...(await resolveConfig(file)), filepath: file });
  await expect(page).toMatchFileSnapshot(file);
});

it('has a schema for editors that is current', () =>
  expect(`${JSON.stringify(editorSchema(), undefined, 2)}\n`).toMatchFileSnapshot(docs('config.schema.json')));

it('takes the configuration of a run from before discriminatorSteps', () => {
  const { discriminatorSteps: _new, ...old } = createRunConfig(digits);
  expect(checkRunConfig(old)).toEqual(createRunConfig(digits));
});

it('takes the configuration of a run from when threads decided the bits', () => {
  expect(checkRunConfig({ ...createRunConfig(digits), threads: 2 })).toEqual(createRunConfig(digits));
});

it('makes layers of known keys only', () => {
  expect(() => createLayer('FILE', { sed: 1 })).toThrow('FILE: there is no sed');
});
