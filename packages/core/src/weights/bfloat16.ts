/**
 * bfloat16 is the upper half of a float32: the sign, the exponent and 8 significant bits (the first one is implied). A
 * float32 whose lower half is zero is exactly a bfloat16, and is sent as two bytes.
 */

const exponentBits = 0x7f800000;
const quietBit = 0x00400000;

/**
 * Rounds every value to the nearest bfloat16, in place. A value halfway between two is rounded to the even one.
 * Infinities stay infinities, and NaNs stay NaNs.
 */
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

/** Returns the upper halves of the values, little-endian. Undefined if the lower half of any value is not zero. */
export function packBfloat16(vector: Float32Array): Uint8Array | undefined {
  const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  // Most vectors are not bfloat16, and the loop ends at one of their first values.
  for (let i = 0; i < words.length; i++) if ((words[i] & 0xffff) !== 0) return undefined;
  const halves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) halves[i] = words[i] >>> 16;
  return new Uint8Array(halves.buffer);
}

/** The second half of a vector's memory. The caller writes packed values there, then calls `unpackBfloat16`. */
export function packedPartOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset + 2 * vector.length, 2 * vector.length);
}

/**
 * Expands the packed values in the second half of a vector's memory to float32, in place. No float overwrites a packed
 * value that is still to be read: float i ends at byte 4 i + 4, and packed value i + 1 begins at 2 length + 2 i + 2.
 */
export function unpackBfloat16(vector: Float32Array): void {
  const { buffer, byteOffset, length } = vector;
  const halves = new Uint16Array(buffer, byteOffset + 2 * length, length);
  const words = new Uint32Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) words[i] = halves[i] << 16;
}
