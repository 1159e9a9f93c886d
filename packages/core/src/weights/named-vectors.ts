import { UserError } from '../errors/user-error.ts';
import { entryView, type Layout } from './layout.ts';

/**
 * Joins the named parts of a layout into one new flat vector. Parts that are not in the layout are ignored. Throws a
 * UserError, before it allocates any memory, if a part is missing or has the wrong size.
 *
 * @category Weights
 */
export function joinVector(layout: Layout, parts: ReadonlyMap<string, Float32Array>): Float32Array {
  for (const { name, size, shape } of layout.entries) {
    const part = parts.get(name);
    if (part?.length === size) continue;
    throw new UserError({
      code: 'weights-of-another-model',
      message: `${name} should have ${size} numbers ([${shape.join(', ')}]); ${part === undefined ? 'it is missing' : `it has ${part.length}`}.`,
      advice: 'Use weights that were made for this very model configuration.',
    });
  }
  const vector = new Float32Array(layout.size);
  for (const { name, offset } of layout.entries) vector.set(parts.get(name) as Float32Array, offset);
  return vector;
}

/**
 * The named parts of a vector: views, not copies.
 *
 * @category Weights
 */
export function splitVector(layout: Layout, vector: Float32Array): Map<string, Float32Array> {
  return new Map(layout.entries.map((entry) => [entry.name, entryView(vector, entry)]));
}
