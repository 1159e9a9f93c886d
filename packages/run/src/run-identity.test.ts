import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { holdRunIdentity, runIdentitySha256, type RunIdentity } from './run-identity.ts';
import { smallConfig } from './testing/small-state.ts';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
const identity: RunIdentity = {
  config: smallConfig,
  tensorflow: '2.21.0',
  graphs: { 'generator-forward': a, 'generator-backward': b },
  probes: { 'generator-forward': b, 'generator-backward': a },
  dataDigest: a,
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-identity-'));
});

it('has one hash, however its keys are ordered, and another when anything changes', () => {
  const hash = runIdentitySha256(identity);
  expect(runIdentitySha256({ ...identity, graphs: { 'generator-backward': b, 'generator-forward': a } })).toBe(hash);
  const others: RunIdentity[] = [
    { ...identity, tensorflow: '2.20.0' },
    { ...identity, dataDigest: b },
    { ...identity, config: { ...smallConfig, threads: 2 } },
    { ...identity, graphs: { ...identity.graphs, 'generator-forward': b } },
    { ...identity, probes: { ...identity.probes, 'generator-forward': a } },
  ];
  expect(new Set([hash, ...others.map(runIdentitySha256)]).size).toBe(6);
});

it('lets a run go on with the identity that it began with', async () => {
  const hash = await holdRunIdentity(root, identity);
  expect(await holdRunIdentity(root, structuredClone(identity))).toBe(hash);
});

it.each<[Partial<RunIdentity>, string]>([
  [{ tensorflow: '2.20.0' }, 'TensorFlow was 2.21.0, now 2.20.0'],
  [{ dataDigest: b }, 'the data was aaaaaaaaaaaa, now bbbbbbbbbbbb'],
  [{ config: { ...smallConfig, threads: 2 } }, 'config threads was 1, now 2'],
  [{ graphs: { 'generator-forward': a } }, 'graph generator-backward was bbbbbbbbbbbb, now absent'],
  [{ probes: { ...identity.probes, 'generator-forward': a } }, 'result of generator-forward was bbbbbbbbbbbb, now aaaaaaaaaaaa'],
])('refuses to go on otherwise, and says what differs: %j', async (change, sentence) => {
  await holdRunIdentity(root, identity);
  await expect(holdRunIdentity(root, { ...identity, ...change })).rejects.toMatchObject({ code: 'identity-differs', message: expect.stringContaining(`: ${sentence}.`) });
});

it('says how to go on without an identity that cannot be read', async () => {
  await writeFile(path.join(root, 'identity.json'), '{"tensorflow": 1}');
  await expect(holdRunIdentity(root, identity)).rejects.toMatchObject({ code: 'identity-damaged', advice: expect.stringContaining('Remove it') });
});
