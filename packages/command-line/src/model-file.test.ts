import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { loadModelFile } from './model-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-model-file-'));
});

async function write(text: string): Promise<string> {
  const file = path.join(folder, 'model.mjs');
  await writeFile(file, text);
  return file;
}

it('returns the absolute path, the hash of the bytes, and the names of the networks', async () => {
  const text =
    'export const generators = { b: () => [], a: () => [] };\nexport const discriminators = { c: () => [] };\n';
  const file = await write(text);
  expect(await loadModelFile(path.relative(process.cwd(), file))).toEqual({
    path: file,
    sha256: createHash('sha256').update(text).digest('hex'),
    names: { generator: ['b', 'a'], discriminator: ['c'] },
  });
});

it('lets its caller refuse the hash before any of the code runs', async () => {
  const file = await write("throw new Error('it runs');");
  const check = () => {
    throw new Error('another hash');
  };
  await expect(loadModelFile(file, check)).rejects.toThrow('another hash');
});

it.each<[string, string]>([
  ["import { readFileSync } from 'node:fs';", 'it imports node:fs.'],
  ["import { x } from './other.mjs';", 'it imports ./other.mjs.'],
  ["export { x } from 'https://example.org/x.mjs';", 'it imports https://example.org/x.mjs.'],
  ["import x from '@lstm-gan/corel';", 'it imports @lstm-gan/corel.'],
  ["import x from '@lstm-gan/core/layerz';", 'it imports @lstm-gan/core/layerz, which there is not.'],
  ["const { x } = await import('@lstm-gan/core');", 'it imports while it runs'],
  ['import { from ;', 'it is no JavaScript module: '],
  ['export const a = ;', 'it is no JavaScript module: '],
  ['export const a = 1;\n\nnull.a;', 'it throws TypeError: '],
  ['export const a = 1;', 'it does not define networks: it has neither a generator nor a discriminator'],
  [`// ${'x'.repeat(2 ** 20)}`, 'it is larger than 1048576 bytes'],
])('refuses %j', async (text, sentence) => {
  await expect(loadModelFile(await write(text))).rejects.toMatchObject({
    code: 'model-file',
    message: expect.stringContaining(sentence),
  });
});

it('names the line that throws', async () => {
  await expect(loadModelFile(await write('export const a = 1;\n\nnull.a;'))).rejects.toThrow(/ in line 3\.$/);
});

it('says why a file cannot be read', async () => {
  await expect(loadModelFile(path.join(folder, 'none.mjs'))).rejects.toThrow('it cannot be read: it does not exist');
  await mkdir(path.join(folder, 'sub'));
  await expect(loadModelFile(path.join(folder, 'sub'))).rejects.toThrow('it is not a file');
});
