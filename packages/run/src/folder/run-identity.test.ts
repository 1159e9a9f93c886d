import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { checkRunIdentity, readRunIdentity, writeRunIdentity, type RunIdentity } from './run-identity.ts';
import { smallConfig } from '../testing/small-state.ts';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
const identity: RunIdentity = {
  config: smallConfig,
  tensorflow: '2.21.0',
  graphs: { 'generator-forward': a, 'generator-backward': b },
  probes: { 'generator-forward': b, 'generator-backward': a },
  threads: 2,
  dataDigest: a,
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-identity-'));
});

it('lets a run go on with the identity that it began with, in any order of its keys', async () => {
  expect(await readRunIdentity(root)).toBeUndefined();
  await writeRunIdentity(root, identity);
  const before = (await readRunIdentity(root)) as RunIdentity;
  expect(before).toEqual(identity);
  checkRunIdentity(root, before, { ...identity, graphs: { 'generator-backward': b, 'generator-forward': a } });
});

it('allows an engine without graphs', async () => {
  const eager = { ...identity, graphs: { 'generator-forward': '', 'generator-backward': '' } };
  await writeRunIdentity(root, eager);
  expect(await readRunIdentity(root)).toEqual(eager);
});

it.each<[Partial<RunIdentity>, string]>([
  [{ tensorflow: '2.20.0' }, 'TensorFlow was 2.21.0, now 2.20.0'],
  [{ threads: 4 }, 'the number of threads was 2, now 4'],
  [{ dataDigest: b }, 'the data was aaaaaaaaaaaa, now bbbbbbbbbbbb'],
  [{ config: { ...smallConfig, flip: true } }, 'config flip was false, now true'],
  [{ graphs: { 'generator-forward': a } }, 'graph generator-backward was bbbbbbbbbbbb, now absent'],
  [
    { probes: { ...identity.probes, 'generator-forward': a } },
    'result of generator-forward was bbbbbbbbbbbb, now aaaaaaaaaaaa',
  ],
])('refuses to go on otherwise, and says what differs: %j', (change, sentence) => {
  expect(() => checkRunIdentity(root, identity, { ...identity, ...change })).toThrow(`: ${sentence}.`);
});

it('goes on with an identity from before threads were a part of it, and still compares the results', async () => {
  const { threads: _, ...old } = identity;
  await writeFile(path.join(root, 'identity.json'), JSON.stringify(old));
  const before = (await readRunIdentity(root)) as RunIdentity;
  checkRunIdentity(root, before, identity);
  expect(() => checkRunIdentity(root, before, { ...identity, probes: {} })).toThrow('result of generator-forward was');
});

it('says how to go on if the identity cannot be read', async () => {
  await writeFile(path.join(root, 'identity.json'), '{"tensorflow": 1}');
  await expect(readRunIdentity(root)).rejects.toMatchObject({
    code: 'identity-damaged',
    advice: expect.stringContaining('Remove it'),
  });
});
