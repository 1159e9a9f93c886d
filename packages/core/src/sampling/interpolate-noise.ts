/**
 * Returns a point on the great circle between two noise vectors (Shoemake, 1985; White, 2016). A straight line between
 * normal vectors leads through shorter vectors, and a generator was not trained on such vectors.
 * @param position 0 gives `from`, 1 gives `to`
 * @category Draw
 */
export function noiseBetween(from: Float32Array, to: Float32Array, position: number): Float32Array {
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(from, to) / Math.sqrt(dot(from, from) * dot(to, to)))));
  const sine = Math.sin(angle);
  // Parallel vectors define no circle: use the straight line.
  const [a, b] =
    sine < 1e-6
      ? [1 - position, position]
      : [Math.sin((1 - position) * angle) / sine, Math.sin(position * angle) / sine];
  return from.map((value, i) => a * value + b * to[i]);
}

/**
 * Evenly spaced points of `noiseBetween`, concatenated. The first point is `from`, the last is `to`.
 *
 * @category Draw
 */
export function interpolateNoise(from: Float32Array, to: Float32Array, points: number): Float32Array {
  const result = new Float32Array(points * from.length);
  for (let k = 0; k < points; k++)
    result.set(noiseBetween(from, to, points === 1 ? 0 : k / (points - 1)), k * from.length);
  return result;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
