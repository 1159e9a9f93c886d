import { add, cast, greaterEqual, mul, tensor1d } from '@tensorflow/tfjs-core';
import { stateless, type Layer } from './layer.ts';
import { nativeOr } from './native-kernel.ts';
import { randomUniform } from './stateless-random.ts';

/**
 * Inverted dropout (Srivastava et al., 2014): zero with probability `rate`, else x / (1 - rate). The mask is a function
 * of the pass's key and of `index`, which is different for each dropout layer of a network.
 */
export function dropout(rate: number, index: number): Layer {
  return stateless((x, { training, dropoutSeed }) => {
    if (!training || rate === 0 || dropoutSeed === undefined) return x;
    const seed = add(dropoutSeed, tensor1d([0, index], 'int32'));
    const scale = 1 / (1 - rate);
    return nativeOr('DropoutNative', { features: x, seed }, { rate, scale }, () => {
      const kept = cast(greaterEqual(randomUniform(seed, x.shape), rate), 'float32');
      return [mul(x, mul(kept, scale))];
    })[0];
  });
}
