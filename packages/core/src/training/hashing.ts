import type { TrainingState } from './training-state.ts';
import { assert } from '../errors/assert.ts';
import { networks } from '../weights/layout.ts';

/** A SHA-256 that is being computed. */
export interface Sha256 {
  /** Continues with more bytes. */
  update(bytes: Uint8Array): unknown;
  /** The hash of all bytes so far, hexadecimal. Ends the computation. */
  hex(): string;
}

/** How a checkpoint is hashed. Node has a native SHA-256 that is synchronous; a browser has none. */
export interface Hashing {
  /** Begins a hash. */
  create(): Sha256;
  /** Called after each 8 MB: may let other work of the thread run. */
  pause(): Promise<void>;
}

const hashedAtOnceBytes = 8 * 1024 * 1024;

/** SHA-256, hexadecimal, of the generator's weights followed by the discriminator's, as little-endian float32. */
export function weightsSha256(
  generator: Float32Array,
  discriminator: Float32Array,
  { create }: Pick<Hashing, 'create'>,
): string {
  const hash = create();
  for (const vector of [generator, discriminator]) hash.update(bytesOf(vector));
  return hash.hex();
}

/** SHA-256, hexadecimal, of some lines of text, then of all vectors of a state in the order of a checkpoint's file. */
export async function contentSha256(
  lines: readonly string[],
  state: TrainingState,
  { create, pause }: Hashing,
): Promise<string> {
  const hash = create();
  for (const line of lines) hash.update(new TextEncoder().encode(`${line}\n`));
  const vectors = [
    state.ema,
    ...networks.flatMap((network) => [
      state[network].weights,
      state[network].firstMoments,
      state[network].secondMoments,
    ]),
  ];
  for (const vector of vectors) {
    const bytes = bytesOf(vector);
    for (let done = 0; done < bytes.length; done += hashedAtOnceBytes) {
      hash.update(bytes.subarray(done, done + hashedAtOnceBytes));
      // Hashing a large state takes a tenth of a second. The training loop runs on the same thread, so hashing lets the
      // loop run after each part of the state.
      await pause();
    }
  }
  return hash.hex();
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  assert(new Uint8Array(Uint16Array.of(1).buffer)[0] === 1, 'float32 arrays are little-endian on every machine');
  return new Uint8Array(buffer, byteOffset, byteLength);
}
