/**
 * bfloat16: the upper half of a float32, with its exponent and 8 significant bits. A float32 whose lower half is zero is one, and
 * travels as two bytes.
 */

const exponentBits = 0x7f800000;
const quietBit = 0x00400000;

/** Rounds every value to the nearest bfloat16, of two equally near to the even one, in place. What is not finite stays so. */
export function roundToBfloat16(vector: Float32Array): void {
  const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const isFinite = (word & exponentBits) !== exponentBits;
    const isNaN = !isFinite && (word & 0x007fffff) !== 0;
    words[i] = isFinite
      ? (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000
      : (word & 0xffff0000) | (isNaN ? quietBit : 0);
  }
}

/** The upper halves of some values, little-endian, where their lower halves are zeros; undefined where they are not. */
export function packBfloat16(vector: Float32Array): Uint8Array | undefined {
  const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  // Most vectors are none, and their first values say so.
  for (let i = 0; i < words.length; i++) if ((words[i] & 0xffff) !== 0) return undefined;
  const halves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) halves[i] = words[i] >>> 16;
  return new Uint8Array(halves.buffer);
}

/** The part of a vector's memory into which its upper halves are to be written, before `unpackBfloat16`. */
export function packedPartOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset + 2 * vector.length, 2 * vector.length);
}

/** Makes values of the upper halves in their packed part, in place: a value ends where a half was read, or before it. */
export function unpackBfloat16(vector: Float32Array): void {
  const { buffer, byteOffset, length } = vector;
  const halves = new Uint16Array(buffer, byteOffset + 2 * length, length);
  const words = new Uint32Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) words[i] = halves[i] << 16;
}
