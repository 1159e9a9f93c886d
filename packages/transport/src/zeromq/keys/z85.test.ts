import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { decodeZ85, encodeZ85 } from './z85.ts';

const bytes = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b);

it('encodes and decodes keys as ZeroMQ RFC 32 does', () => {
  expect(encodeZ85(bytes)).toBe('HelloWorld');
  expect(decodeZ85('HelloWorld')).toEqual(bytes);
});

it('decodes what it encodes', () => {
  for (let k = 0; k < 100; k++) {
    const key = new Uint8Array(randomBytes(32));
    expect(decodeZ85(encodeZ85(key))).toEqual(key);
  }
});
