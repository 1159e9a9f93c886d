import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import type { Layout } from '@lstm-gan/core';
import { assert } from '@lstm-gan/core/errors';
import { describeLayout } from '@lstm-gan/core/weights';

/** SHA-256, hexadecimal, of the generator's weights followed by the discriminator's, as little-endian float32. */
export function weightsSha256(generator: Float32Array, discriminator: Float32Array): string {
  assert(endianness() === 'LE', 'float32 arrays are little-endian on every supported machine');
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [generator, discriminator])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

/** SHA-256, hexadecimal, of a layout's names, shapes and roles. */
export function layoutSha256(layout: Layout): string {
  return createHash('sha256').update(describeLayout(layout)).digest('hex');
}
