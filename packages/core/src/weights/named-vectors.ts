import { UserError } from '../user-error.ts';
import { entryView, type Layout } from './layout.ts';

/** Joins the named parts of a layout into one new flat vector; parts that are not in the layout are ignored. */
export function joinVector(layout: Layout, parts: ReadonlyMap<string, Float32Array>): Float32Array {
  const vector = new Float32Array(layout.size);
  for (const entry of layout.entries) {
    const part = parts.get(entry.name);
    if (part === undefined || part.length !== entry.size) {
      throw new UserError({
        code: 'weights-of-another-model',
        message: `${entry.name} should have ${entry.size} numbers ([${entry.shape.join(', ')}]); ${part === undefined ? 'it is missing' : `it has ${part.length}`}.`,
        advice: 'Use weights that were made for this very model configuration.',
      });
    }
    vector.set(part, entry.offset);
  }
  return vector;
}

/** The named parts of a vector: views, not copies. */
export function splitVector(layout: Layout, vector: Float32Array): Map<string, Float32Array> {
  return new Map(layout.entries.map((entry) => [entry.name, entryView(vector, entry)]));
}
