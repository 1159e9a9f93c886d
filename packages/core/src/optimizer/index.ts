/**
 * Arithmetic on whole weight vectors: its definition in TypeScript, and what a faster implementation must provide.
 *
 * @module optimizer
 * @category What lstm-gan itself uses
 */
export { adamAfter, type AdamUpdate, type AdamVectors } from './adam.ts';
export type { EmaUpdate } from './ema.ts';
export { plainArithmetic, type VectorArithmetic } from './vector-arithmetic.ts';
