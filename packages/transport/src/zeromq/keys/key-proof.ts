/**
 * The proof of a key, by which the listening end knows which key a connection has. CURVE has checked a key for every
 * flow, but zeromq.js does not tell with which key a message came. So the listening end sends each new connection a
 * random challenge. The answer names a public key, and has an HMAC of the challenge under a secret that only two can
 * compute: the owner of the secret key of that public key, and the listening end. Keys of CURVE are keys of X25519.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import type { KeyPair, WorkerKeys } from './key-files.ts';
import { decodeZ85, encodeZ85 } from './z85.ts';

export const challengeBytes = 32;
const keyBytes = 32;
const codeBytes = 32;

/** A new random challenge, for one connection. */
export function createChallenge(): Buffer {
  return randomBytes(challengeBytes);
}

/** Answers a challenge of the end whose public key is `serverKey`: a public key, then the HMAC. */
export function proveKey(keys: WorkerKeys, challenge: Uint8Array): Buffer {
  const publicKey = decodeZ85(keys.publicKey);
  const server = decodeZ85(keys.serverKey);
  return Buffer.concat([publicKey, codeOf(sharedSecret(keys, server), challenge, publicKey, server)]);
}

/** The public key that an answer to `challenge` proves; undefined if the answer proves none. */
export function provedKey(keys: KeyPair, challenge: Uint8Array, answer: Uint8Array): string | undefined {
  if (answer.length !== keyBytes + codeBytes) return undefined;
  const publicKey = answer.subarray(0, keyBytes);
  const secret = secretOrNone(keys, publicKey);
  if (secret === undefined) return undefined;
  const code = codeOf(secret, challenge, publicKey, decodeZ85(keys.publicKey));
  return timingSafeEqual(code, answer.subarray(keyBytes)) ? encodeZ85(publicKey) : undefined;
}

/** Undefined for a public key with which everybody could compute the secret: OpenSSL refuses such keys. */
function secretOrNone(keys: KeyPair, publicKey: Uint8Array): Buffer | undefined {
  try {
    return sharedSecret(keys, publicKey);
  } catch {
    return undefined;
  }
}

function codeOf(secret: Buffer, challenge: Uint8Array, publicKey: Uint8Array, server: Uint8Array): Buffer {
  const parts = [Buffer.from('lstm-gan proof of a key'), challenge, publicKey, server];
  return createHmac('sha256', secret).update(Buffer.concat(parts)).digest();
}

function sharedSecret(own: KeyPair, other: Uint8Array): Buffer {
  const curve = { kty: 'OKP', crv: 'X25519' };
  const x = textOf(decodeZ85(own.publicKey));
  const d = textOf(decodeZ85(own.secretKey));
  return diffieHellman({
    privateKey: createPrivateKey({ key: { ...curve, x, d }, format: 'jwk' }),
    publicKey: createPublicKey({ key: { ...curve, x: textOf(other) }, format: 'jwk' }),
  });
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
