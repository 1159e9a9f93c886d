/**
 * Slices of a network's vector: fixed cuts, so that several machines can fold and update a part each. Every float is
 * updated by itself, but for a moving variance, which needs its mean beside it: no cut comes between the two. So the
 * slices' updates, put together, have the bits of the whole vector's.
 */
import type { Layout } from './layout.ts';
import { movingMeanSuffix, varianceNameOf } from './moving-average-names.ts';

/** Floats [start, end) of a vector. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** A cache line of floats: slices begin where vector instructions like it, as far as pairs allow. */
const alignment = 16;
/** Below that a slice is more headers than floats. */
const leastFloats = 256;
const mostSlices = 16;

/** Cuts a layout into slices of about the same size, in order and without gaps; a function of the layout alone. */
export function cutSlices(layout: Layout): Slice[] {
  const count = Math.min(mostSlices, Math.max(1, Math.floor(layout.size / leastFloats)));
  const pairs = pairSpans(layout);
  const cuts = [0];
  for (let k = 1; k < count; k++) {
    const cut = Math.round((k * layout.size) / count / alignment) * alignment;
    const moved = pairs.find(({ start, end }) => start < cut && cut < end)?.end ?? cut;
    if (moved > (cuts.at(-1) as number) && moved < layout.size) cuts.push(moved);
  }
  return cuts.map((start, k) => ({ start, end: cuts[k + 1] ?? layout.size }));
}

/** From the beginning of each moving mean to the end of its variance. */
function pairSpans({ entries }: Layout): Slice[] {
  return entries
    .filter(({ name }) => name.endsWith(movingMeanSuffix))
    .map((mean) => {
      const variance = entries.find(({ name }) => name === varianceNameOf(mean.name)) ?? mean;
      return { start: mean.offset, end: variance.offset + variance.size };
    });
}

/** How a slice's own vector is laid out: what of each entry lies in it, under the entry's name. */
export function sliceLayout({ entries }: Layout, { start, end }: Slice): Layout {
  const parts = entries.flatMap(({ name, role, offset, size }) => {
    const [from, to] = [Math.max(offset, start), Math.min(offset + size, end)];
    return from < to ? [{ name, role, shape: [to - from], offset: from - start, size: to - from }] : [];
  });
  return { entries: parts, size: end - start };
}

/** The floats of a slice: a view, not a copy. */
export function sliceView(vector: Float32Array, { start, end }: Slice): Float32Array {
  return vector.subarray(start, end);
}
