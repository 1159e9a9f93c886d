/**
 * Flat weight vectors: their layouts, their slices, and their encoding in messages.
 *
 * @module weights
 * @category Weights
 */
export { packBfloat16, packedPartOf, roundToBfloat16, unpackBfloat16 } from './bfloat16.ts';
export { findNotFinite } from './finite.ts';
export {
  createLayout,
  describeLayout,
  entriesByLayer,
  entryView,
  networks,
  type LayoutPart,
  type Role,
} from './layout.ts';
export { cutSlices, sliceLayout, sliceView, type Slice } from './slices.ts';
