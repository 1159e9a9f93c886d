import { chmod, mkdir, mkdtemp, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { readKeyFile } from './key-files.ts';
import { addJoinKey, createRunKeys, listJoinKeys, openRunKeys, revokeJoinKey } from './run-keys.ts';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-keys-'));
  folder = path.join(root, 'run', 'keys');
});

const textOf = (name: string) => readFile(path.join(folder, name), 'utf8');
const modeOf = async (...parts: string[]) => (await stat(path.join(folder, ...parts))).mode & 0o777;

it('makes the keys of a run beforehand, for their owner alone, and the coordinator then uses them', async () => {
  expect(await createRunKeys(folder)).toBe(true);
  expect([await modeOf(), await modeOf('worker.key'), await modeOf('coordinator.key')]).toEqual([0o700, 0o600, 0o600]);
  const worker = await readKeyFile(path.join(folder, 'worker.key'));
  const { server, isAuthorized } = await openRunKeys(folder);
  expect(server.publicKey).toBe(worker.serverKey);
  expect(isAuthorized(worker.publicKey)).toBe(true);
  expect(isAuthorized(server.publicKey)).toBe(false);
});

it('never replaces keys, and leaves nothing else in the folder of the run', async () => {
  await createRunKeys(folder);
  const before = [await textOf('coordinator.key'), await textOf('worker.key')];
  expect(await createRunKeys(folder)).toBe(false);
  expect([await textOf('coordinator.key'), await textOf('worker.key')]).toEqual(before);
  await revokeJoinKey(folder, 'worker');
  expect(await createRunKeys(folder)).toBe(false);
  expect(await readdir(folder)).toEqual(['coordinator.key']);
  expect(await readdir(path.join(root, 'run'))).toEqual(['keys']);
});

it('makes one pair of keys, although several make them at the same time', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => createRunKeys(folder)));
  expect(made.filter((isNew) => isNew)).toHaveLength(1);
  const [server, worker] = [path.join(folder, 'coordinator.key'), path.join(folder, 'worker.key')];
  expect((await readKeyFile(worker)).serverKey).toBe((await readKeyFile(server)).publicKey);
  expect(await readdir(path.join(root, 'run'))).toEqual(['keys']);
});

it('makes keys in a folder that has something else already', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'README'), 'mine');
  expect(await createRunKeys(folder)).toBe(true);
  expect((await readdir(folder)).sort()).toEqual(['README', 'coordinator.key', 'worker.key']);
});

it('finds the keys of a Secret, whose names are links', async () => {
  await createRunKeys(folder);
  await addJoinKey(folder, 'node-7');
  await mkdir(path.join(folder, '..data'));
  for (const name of ['worker.key', 'node-7.key']) {
    await rename(path.join(folder, name), path.join(folder, '..data', name));
    await symlink(path.join('..data', name), path.join(folder, name));
  }
  expect(listJoinKeys(folder).map(({ name }) => name)).toEqual(['node-7', 'worker']);
  await chmod(folder, 0o500);
  const { isAuthorized } = await openRunKeys(folder);
  expect(listJoinKeys(folder).every(({ publicKey }) => isAuthorized(publicKey))).toBe(true);
});

it('names each revoked key once, and only keys that workers have connected with', async () => {
  await createRunKeys(folder);
  const [seven, eight] = [await addJoinKey(folder, 'node-7'), await addJoinKey(folder, 'node-8')];
  const { isAuthorized, takeRevoked } = await openRunKeys(folder);
  expect([isAuthorized(seven.publicKey), [...takeRevoked()]]).toEqual([true, []]);
  for (const name of ['node-7', 'node-8']) await revokeJoinKey(folder, name);
  expect([...takeRevoked()]).toEqual([seven.publicKey]);
  expect([...takeRevoked()]).toEqual([]);
  expect([seven, eight].map(({ publicKey }) => isAuthorized(publicKey))).toEqual([false, false]);
});
