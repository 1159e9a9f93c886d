import type { Initializer, Layer } from '../nn/layer.ts';
import { normalNoise } from '../random/normal-noise.ts';
import { statelessUniform } from '../random/stateless-uniform.ts';
import { streamKey } from '../random/stream-key.ts';
import type { Network } from '../weights/layout.ts';
import type { ModelConfig } from './model-config.ts';
import { networkLayers } from './network.ts';

/**
 * The weights before the first step, as a flat vector in the network's layout. They depend only on model and seed.
 *
 * @category Models
 */
export function createInitialWeights(model: ModelConfig, network: Network, seed: number): Float32Array {
  return initialWeightsOf(networkLayers(model, network), network, seed);
}

/**
 * The initial weights of layers, as a flat vector in their layout.
 * @param role the network that the layers play the part of: generator and discriminator have different streams
 */
export function initialWeightsOf(layers: readonly Layer[], role: Network, seed: number): Float32Array {
  const parameters = layers.flatMap((layer) => layer.parameters);
  const parts = parameters.map(({ shape, initializer }, index) =>
    initialize(initializer, shape, streamKey({ seed, purpose: 'initial-weights', phase: role, shard: index })),
  );
  const vector = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    vector.set(part, offset);
    offset += part.length;
  }
  return vector;
}

function initialize(initializer: Initializer, shape: readonly number[], key: Int32Array): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  switch (initializer.kind) {
    case 'constant':
      return new Float32Array(size).fill(initializer.value);
    case 'normal':
      return normalNoise(key, size);
    case 'forget-gate-one':
      return new Float32Array(size).fill(1, size / 4, size / 2);
    case 'glorot': {
      const limit = Math.sqrt(6 / (initializer.fanIn + initializer.fanOut));
      return statelessUniform(key, size).map((value) => (2 * value - 1) * limit);
    }
    case 'orthogonal':
      return orthonormalRows(normalNoise(key, size), shape[0], shape[1]);
  }
}

/** Modified Gram-Schmidt on the rows of a random matrix [rows, columns], rows <= columns. */
function orthonormalRows(random: Float32Array, rows: number, columns: number): Float32Array {
  const matrix = Float64Array.from(random);
  for (let row = 0; row < rows; row++) {
    const current = matrix.subarray(row * columns, (row + 1) * columns);
    for (let earlier = 0; earlier < row; earlier++) {
      const other = matrix.subarray(earlier * columns, (earlier + 1) * columns);
      const overlap = dot(current, other);
      for (let i = 0; i < columns; i++) current[i] -= overlap * other[i];
    }
    const length = Math.sqrt(dot(current, current));
    for (let i = 0; i < columns; i++) current[i] /= length;
  }
  return Float32Array.from(matrix);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
