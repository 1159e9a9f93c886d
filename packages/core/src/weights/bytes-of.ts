import { UserError } from '../errors/user-error.ts';

/**
 * Bytes from outside: a Node Buffer is a Uint8Array.
 *
 * @category Weights
 */
export type Bytes = Uint8Array | ArrayBuffer;

/**
 * Bytes as a Uint8Array: a view, not a copy. Throws a UserError for anything else.
 * @param what what the bytes are, for the error: `a checkpoint`
 */
export function bytesOf(bytes: Bytes, what: string): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw new UserError({
    code: 'no-bytes',
    message: `The bytes of ${what} are to be a Uint8Array or an ArrayBuffer; got ${typeName(bytes)}.`,
    advice: 'Pass what readFile of node:fs/promises gives, or await file.arrayBuffer() in a browser.',
  });
}

/** The name of a value's type, for errors: `Float32Array`, `string`, `null`. */
export function typeName(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : value === null ? 'null' : typeof value;
}
