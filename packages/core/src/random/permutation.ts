import { philox } from './philox.ts';
import { scrambleSeed } from './stateless-uniform.ts';

/**
 * A permutation of 0 .. count - 1 by Fisher and Yates; every permutation equally likely (rejection, no modulo bias).
 */
export function permutation(key: ArrayLike<number>, count: number): Uint32Array {
  const { key: philoxKey, high } = scrambleSeed(key);
  let block = 0;
  let pool: number[] = [];
  const below = (bound: number): number => {
    const limit = 0x100000000 - (0x100000000 % bound);
    for (;;) {
      if (pool.length === 0) pool = philox([block++, 0, high[0], high[1]], philoxKey);
      const value = pool.pop() as number;
      if (value < limit) return value % bound;
    }
  };
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = below(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
