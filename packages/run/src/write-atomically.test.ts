import { mkdir, mkdtemp, readFile, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { writeAtomically } from './write-atomically.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-run-'));
});

it('writes a file completely or not at all', async () => {
  const file = path.join(folder, 'a');
  await writeAtomically(file, ['one', Buffer.from('two')]);
  expect(await readFile(file, 'utf8')).toBe('onetwo');
  await mkdir(path.join(folder, 'b.partial'));
  await expect(writeAtomically(path.join(folder, 'b'), ['x'])).rejects.toThrow();
  expect((await readdir(folder)).sort()).toEqual(['a', 'b.partial']);
});

it('keeps the old file if the disk is full', async () => {
  const file = path.join(folder, 'a');
  await writeAtomically(file, ['old']);
  await symlink('/dev/full', `${file}.partial`);
  await expect(writeAtomically(file, ['new'])).rejects.toMatchObject({
    code: 'cannot-write',
    message: `${file} cannot be written: the disk is full.`,
  });
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a']);
});
