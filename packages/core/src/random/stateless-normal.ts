import { ln } from '../arithmetic/logarithm.ts';
import { sineAndCosine } from '../arithmetic/sine.ts';
import { statelessBits } from './stateless-uniform.ts';

/**
 * Standard normal floats of the stream that `seed` (int32 [2]) names, by the method of Box and Muller (1958), as in
 * TensorFlow's StatelessRandomNormal. The bits are the same on every machine; TensorFlow's agree up to rounding.
 */
export function statelessNormal(seed: ArrayLike<number>, count: number): Float32Array {
  const bits = statelessBits(seed, count + (count % 2));
  const unit = (value: number) => (value & 0x7fffff) / 0x800000;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * ln(Math.max(unit(bits[i]), 1e-7)));
    const [sine, cosine] = sineAndCosine(unit(bits[i + 1]));
    values[i] = sine * radius;
    if (i + 1 < count) values[i + 1] = cosine * radius;
  }
  return values;
}
