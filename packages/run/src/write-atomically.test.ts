import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { writeAtomically, writeAtomicallySync } from './write-atomically.ts';

it('says why a file cannot be written, and keeps the old one', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-run-'));
  const file = path.join(folder, 'a');
  await writeAtomically(file, ['old']);
  const full = () => {
    throw Object.assign(new Error('write'), { code: 'ENOSPC' });
  };
  const explained = { code: 'cannot-write', message: `${file} cannot be written: the disk is full.` };
  await expect(writeAtomically(file, ['new'], full)).rejects.toMatchObject(explained);
  expect(() => writeAtomicallySync(file, 'new', full)).toThrow(expect.objectContaining(explained));
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a']);
});
