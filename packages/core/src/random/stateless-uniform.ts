/**
 * Computes the same numbers as TensorFlow's StatelessRandomUniform, which the graph engine runs. So a formula gets
 * dropout masks with the same bits from TensorFlow and from this file.
 */
import { philox, type PhiloxCounter, type PhiloxKey } from './philox.ts';

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** TensorFlow's scrambling of a stateless seed (int32 [2]) into a key and the high words of a counter. */
export function scrambleSeed(seed: ArrayLike<number>): { key: PhiloxKey; high: readonly [number, number] } {
  const sign = (value: number) => (value < 0 ? 0xffffffff : 0);
  const counter: PhiloxCounter = [seed[0] >>> 0, sign(seed[0]), seed[1] >>> 0, sign(seed[1])];
  const mix = philox(counter, [0x3ec8f720, 0x02461e29]);
  return { key: [mix[0], mix[1]], high: [mix[2], mix[3]] };
}

/** Unsigned 32-bit integers of the stream that `seed` (int32 [2]) names. */
export function statelessBits(seed: ArrayLike<number>, count: number): Uint32Array {
  const { key, high } = scrambleSeed(seed);
  const values = new Uint32Array(count);
  for (let group = 0; group * 4 < count; group++) {
    const four = philox([group >>> 0, 0, high[0], high[1]], key);
    for (let k = 0; k < 4 && group * 4 + k < count; k++) values[group * 4 + k] = four[k];
  }
  return values;
}

/** Floats in [0, 1): 23 random bits each, as TensorFlow makes them. */
export function statelessUniform(seed: ArrayLike<number>, count: number): Float32Array {
  const values = new Float32Array(count);
  const integers = statelessBits(seed, count);
  for (let i = 0; i < count; i++) {
    bits[0] = 0x3f800000 | (integers[i] & 0x7fffff);
    values[i] = floats[0] - 1;
  }
  return values;
}
