/** Comparison of an engine with golden values: docs/golden.md describes their files. */
export { compareWithGolden, type RunUnit } from './compare-with-golden.ts';
export type { GoldenResult } from './comparison.ts';
