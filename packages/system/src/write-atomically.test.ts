import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { removeTemporaries } from './temporary/temporaries.ts';
import { writeAtomically, writeAtomicallySync } from './write-atomically.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-atomic-'));
  file = path.join(folder, 'a');
  await writeAtomically(file, ['o', Buffer.from('ld')]);
});

/** Everything in the folder. */
const content = async () =>
  Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')]));
const fail = () => {
  throw new Error('no');
};

it('writes a file completely', async () => {
  await writeAtomically(file, async (handle) => handle.writeFile('new'));
  expect(await content()).toEqual([['a', 'new']]);
  writeAtomicallySync(file, 'newer');
  expect(await content()).toEqual([['a', 'newer']]);
});

it('keeps the old file if the content cannot be written, or is not confirmed', async () => {
  await expect(writeAtomically(file, fail)).rejects.toThrow('no');
  await expect(writeAtomically(file, ['new'], fail)).rejects.toThrow('no');
  expect(() => writeAtomicallySync(file, 'new', fail)).toThrow('no');
  expect(await content()).toEqual([['a', 'old']]);
});

it('keeps the old file if another process removed the new one before it had its name', async () => {
  await expect(writeAtomically(file, ['new'], () => removeTemporaries(folder))).rejects.toThrow('ENOENT');
  expect(() => writeAtomicallySync(file, 'new', () => removeTemporaries(folder))).toThrow('ENOENT');
  expect(await content()).toEqual([['a', 'old']]);
});
