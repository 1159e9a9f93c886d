import { createHash } from 'node:crypto';
import type { Layout } from '@lstm-gan/core';
import { weightsSha256 as hashWeights } from '@lstm-gan/core/training';
import { describeLayout } from '@lstm-gan/core/weights';
import { nodeHashing } from './node-hashing.ts';

/** SHA-256, hexadecimal, of the generator's weights followed by the discriminator's, as little-endian float32. */
export function weightsSha256(generator: Float32Array, discriminator: Float32Array): string {
  return hashWeights(generator, discriminator, nodeHashing);
}

/** SHA-256, hexadecimal, of a layout's names, shapes and roles. */
export function layoutSha256(layout: Layout): string {
  return createHash('sha256').update(describeLayout(layout)).digest('hex');
}
