/**
 * Slices of a network's vector. The cuts are fixed, so that several machines can each fold and update one slice. Every
 * float is updated independently, except a moving variance, whose update needs its moving mean: no cut separates the
 * two. So the update of all slices gives the same bits as the update of the whole vector.
 */
import type { Layout } from './layout.ts';
import { movingMeanSuffix, varianceNameOf } from './state-names.ts';

/** Floats [start, end) of a vector. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/**
 * Floats in a cache line. A slice begins at a multiple of this number, because that suits vector instructions. The
 * exception: a cut there would separate a moving mean from its variance.
 */
const alignment = 16;
/** A slice of fewer floats would not be worth the headers of its messages. */
const leastFloats = 256;
const mostSlices = 16;

/** Cuts a layout into slices of about the same size, in order and without gaps. The cuts depend on the layout alone. */
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

/** The floats from the beginning of each moving mean to the end of its variance, which no cut may separate. */
function pairSpans({ entries }: Layout): Slice[] {
  return entries
    .filter(({ name }) => name.endsWith(movingMeanSuffix))
    .map((mean) => {
      const variance = entries.find(({ name }) => name === varianceNameOf(mean.name)) ?? mean;
      return { start: mean.offset, end: variance.offset + variance.size };
    });
}

/**
 * The layout of a slice's own vector. An entry that lies in the slice completely or in part keeps its name; its offset
 * counts from the start of the slice.
 */
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
