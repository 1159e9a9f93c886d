import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelFile } from '@lstm-gan/command-line/model-file';
import { registerNetworks } from '@lstm-gan/core';
import { dense } from '@lstm-gan/core/layers';
import { labelsInTurn } from '@lstm-gan/data';
import { presetConfig, newRunConfig, readConfigLayers, withClasses, type ConfigOptions } from './new-run-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-config-'));
});

const configOf = async (options: ConfigOptions) => newRunConfig(await readConfigLayers(options));

async function file(text: string): Promise<string> {
  const name = path.join(folder, 'config.yaml');
  await writeFile(name, text);
  return name;
}

describe('a run starts from', () => {
  it('the preset digits, unless an option, a file or a setting names another one', async () => {
    expect(await configOf({})).toEqual(presetConfig('digits'));
    expect(await configOf({ preset: 'rows' })).toEqual(presetConfig('rows'));
    expect(await configOf({ config: await file('preset: rows') })).toEqual(presetConfig('rows'));
    expect(await configOf({ set: ['preset=rows'], preset: 'rows' })).toEqual(presetConfig('rows'));
  });

  it('one preset: two presets are refused, and so is an unknown one, wherever it is named', async () => {
    await expect(configOf({ preset: 'digits', config: await file('preset: rows') })).rejects.toMatchObject({
      code: 'two-presets',
      message: expect.stringContaining('--preset asks for the preset digits'),
    });
    await expect(configOf({ set: ['preset=row'] })).rejects.toMatchObject({
      code: 'unknown-preset',
      advice: 'Did you mean --preset rows?',
    });
  });
});

it('lets a file override the preset, settings override the file, and options override all', async () => {
  const config = await file('seed: 2\nbatchSize: 32\nshardSize: 8\n');
  expect(await configOf({ config, set: ['seed=3', 'shardSize=4'], shardSize: 2 })).toEqual({
    ...presetConfig('digits'),
    batchSize: 32,
    seed: 3,
    shardSize: 2,
  });
});

describe('a file of networks', () => {
  const sha256 = 'a'.repeat(64);
  const layer = () => [dense('dense0', 1, 1)];
  /** Registers networks of these names, and returns their file. */
  const fileOf = (generator: readonly string[], discriminator: readonly string[] = []): ModelFile => {
    const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, layer]));
    registerNetworks(sha256, { generators: named(generator), discriminators: named(discriminator) });
    return { path: '/m.mjs', sha256, names: { generator, discriminator } };
  };
  const modelOf = async (modelFile: ModelFile | undefined, ...set: string[]) =>
    newRunConfig(await readConfigLayers({ set }), modelFile).model;

  it('gives a run its only networks, with options from other layers, and its hash', async () => {
    const model = await modelOf(fileOf(['g'], ['d']), 'model.generator.options.units=3');
    expect(model).toMatchObject({
      generator: { kind: 'custom', name: 'g', options: { units: 3 } },
      discriminator: { kind: 'custom', name: 'd' },
      source: sha256,
    });
  });

  it('gives a run only the networks that the configuration names, if it names one, and its own hash', async () => {
    const stated = ['model.discriminator={kind: custom, name: d}', `model.source=${'b'.repeat(64)}`];
    const { generator, discriminator, source } = await modelOf(fileOf(['g'], ['c', 'd']), ...stated);
    expect([generator.kind, discriminator, source]).toEqual(['rows', { kind: 'custom', name: 'd' }, sha256]);
  });

  it('must leave no choice open, must define what is named, and must be given', async () => {
    await expect(modelOf(fileOf(['g', 'h']))).rejects.toMatchObject({
      message: 'The file /m.mjs defines the generators g, h, and the configuration names none of them.',
      advice: "Choose one: --set 'model.generator={kind: custom, name: g}'.",
    });
    const named = 'model.generator={kind: custom, name: x}';
    await expect(modelOf(fileOf(['g']), named)).rejects.toMatchObject({ code: 'unknown-network' });
    await expect(modelOf(undefined, named)).rejects.toMatchObject({ code: 'no-model-file' });
    const none = 'model.generator={kind: dense, units: [4]}';
    await expect(modelOf(fileOf(['g']), none)).rejects.toThrow('neither network is of kind custom');
  });
});

it('makes the path of a folder of images absolute, wherever it is named', async () => {
  const relative = path.relative(process.cwd(), folder);
  for (const options of [
    { data: relative },
    { set: [`data=${relative}`] },
    { config: await file(`data: ${relative}`) },
  ]) {
    expect((await configOf(options)).data).toBe(folder);
  }
  expect((await configOf({ data: 'emoji' })).data).toBe('emoji');
});

it('takes the classes of a conditional model from the data, whatever the configuration says', async () => {
  const labels = { names: ['cats', 'dogs', 'none'], values: Uint16Array.of(0, 1, 1, 0, 1) };
  const config = await configOf({ set: ['model.condition.kind=label', 'model.condition.classes=7'] });
  const { model, classes } = withClasses(config, { labels });
  expect(model.condition).toEqual({ kind: 'label', classes: 3, embedding: 8 });
  expect(classes).toEqual([
    { name: 'cats', images: 2 },
    { name: 'dogs', images: 3 },
    { name: 'none', images: 0 },
  ]);
  const again = withClasses({ ...config, model, classes }, { labels: labelsInTurn(8, 2) });
  expect([again.model.condition?.classes, again.classes?.length]).toEqual([2, 2]);
  expect(withClasses(presetConfig('digits'), { labels })).toEqual(presetConfig('digits'));
});

it('refuses a conditional model of data without labels, and says how data get labels', async () => {
  const config = await configOf({ preset: 'conditional', data: folder });
  expect(() => withClasses(config, {})).toThrow(
    expect.objectContaining({
      code: 'no-labels',
      message: expect.stringContaining(`the images of ${folder} have no labels`),
      advice: expect.stringContaining('a folder for each class'),
    }) as Error,
  );
});
