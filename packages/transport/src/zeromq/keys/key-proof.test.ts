import { expect, it } from 'vitest';
import { createKeyPair } from './key-files.ts';
import { createChallenge, provedKey, proveKey } from './key-proof.ts';

const server = createKeyPair();
const worker = { ...createKeyPair(), serverKey: server.publicKey };
const challenge = createChallenge();

it('proves a key of CURVE to the end that made the challenge, and to no other', () => {
  const proof = proveKey(worker, challenge);
  expect(provedKey(server, challenge, proof)).toBe(worker.publicKey);
  expect(provedKey(createKeyPair(), challenge, proof)).toBeUndefined();
  expect(provedKey(server, createChallenge(), proof)).toBeUndefined();
});

it('proves nothing without the secret key that belongs to the public key', () => {
  const other = createKeyPair();
  const forged = proveKey({ ...worker, secretKey: other.secretKey }, challenge);
  expect(provedKey(server, challenge, forged)).toBeUndefined();
});

it('proves nothing with a changed, a cut or a longer answer', () => {
  const proof = proveKey(worker, challenge);
  for (const at of [0, 31, 32, 63]) {
    const changed = Buffer.from(proof);
    changed[at] ^= 1;
    expect(provedKey(server, challenge, changed)).toBeUndefined();
  }
  for (const answer of [Buffer.alloc(0), proof.subarray(0, 63), Buffer.concat([proof, Buffer.alloc(1)])])
    expect(provedKey(server, challenge, answer)).toBeUndefined();
});
