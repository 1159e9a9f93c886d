import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { plainConfig, planConfig, readLayers, type ConfigOptions } from './plan-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-plan-'));
});

const plan = async (options: ConfigOptions) => planConfig(await readLayers(options));

async function file(text: string): Promise<string> {
  const name = path.join(folder, 'config.yaml');
  await writeFile(name, text);
  return name;
}

describe('a run starts from', () => {
  it('digits, unless an option, a file or a setting names another preset', async () => {
    expect(await plan({})).toEqual(plainConfig('digits'));
    expect(await plan({ preset: 'rows' })).toEqual(plainConfig('rows'));
    expect(await plan({ config: await file('preset: rows') })).toEqual(plainConfig('rows'));
    expect(await plan({ set: ['preset=rows'], preset: 'rows' })).toEqual(plainConfig('rows'));
  });

  it('one preset: two are refused, and so is an unknown one, wherever it is named', async () => {
    await expect(plan({ preset: 'digits', config: await file('preset: rows') })).rejects.toMatchObject({
      code: 'two-presets',
      message: expect.stringContaining('--preset asks for the preset digits'),
    });
    await expect(plan({ set: ['preset=row'] })).rejects.toMatchObject({
      code: 'unknown-preset',
      advice: 'Did you mean --preset rows?',
    });
  });
});

it('puts a file on the preset, settings on the file, and options on top', async () => {
  const config = await file('seed: 2\nbatchSize: 32\nthreads: 2\n');
  expect(await plan({ config, set: ['seed=3', 'threads=3'], threads: 4 })).toEqual({
    ...plainConfig('digits'),
    batchSize: 32,
    seed: 3,
    threads: 4,
  });
});

it('finds a folder of images again from elsewhere, whoever names it', async () => {
  const relative = path.relative(process.cwd(), folder);
  for (const options of [
    { data: relative },
    { set: [`data=${relative}`] },
    { config: await file(`data: ${relative}`) },
  ]) {
    expect((await plan(options)).data).toBe(folder);
  }
  expect((await plan({ data: 'emoji' })).data).toBe('emoji');
});
