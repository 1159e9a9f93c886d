/**
 * Points on the great circle between two noises (Shoemake, 1985; White, 2016): a straight line between normal vectors
 * leads through shorter ones, which a generator was not trained on.
 * @returns `points` vectors one behind the other; the first is `from`, the last is `to`
 */
export function interpolateNoise(from: Float32Array, to: Float32Array, points: number): Float32Array {
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(from, to) / Math.sqrt(dot(from, from) * dot(to, to)))));
  const sine = Math.sin(angle);
  const result = new Float32Array(points * from.length);
  for (let k = 0; k < points; k++) {
    const t = points === 1 ? 0 : k / (points - 1);
    // Vectors of one direction have no circle between them: the line is it.
    const [a, b] = sine < 1e-6 ? [1 - t, t] : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
    for (let i = 0; i < from.length; i++) result[k * from.length + i] = a * from[i] + b * to[i];
  }
  return result;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
