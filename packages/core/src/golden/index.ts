/**
 * Compares an engine with golden values. docs/golden.md describes the files of golden values.
 *
 * @module golden
 * @category What lstm-gan itself uses
 */
export { compareWithGolden, type RunUnit } from './compare-with-golden.ts';
export type { GoldenResult } from './comparison.ts';
