import { expect, it } from 'vitest';
import { encodeZ85 } from './z85.ts';

it('encodes keys as ZeroMQ RFC 32 does', () => {
  expect(encodeZ85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('HelloWorld');
});
