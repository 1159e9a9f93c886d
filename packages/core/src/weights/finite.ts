import { entryView, type Layout } from './layout.ts';

/** Whether every float of a vector is finite: neither NaN nor infinite. */
export function isFiniteVector(vector: Float32Array): boolean {
  // x * 0 is 0 for finite numbers and NaN for the others.
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * 0;
  return sum === 0;
}

/** The name of the first entry that holds a NaN or an infinity; undefined if none does. */
export function findNotFinite(layout: Layout, vector: Float32Array): string | undefined {
  return layout.entries.find((entry) => !isFiniteVector(entryView(vector, entry)))?.name;
}
