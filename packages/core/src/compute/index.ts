/**
 * Computes the shards of a phase: what every worker does, and the trainer.
 *
 * @module compute
 * @category What lstm-gan itself uses
 */
export { compileUnits, type CompiledUnits, type UnitCompiler } from './compile-units.ts';
export {
  startShard,
  type FinishShard,
  type NetworkWeights,
  type RealImages,
  type ShardResult,
  type ShardTools,
} from './compute-shard.ts';
export { computeSubtree, type LossOfShard, type SubtreeResult } from './compute-subtree.ts';
export { createGeneratorPasses, type GeneratorPass, type GeneratorPasses } from './generator-passes.ts';
export { NotFiniteError } from './not-finite-error.ts';
export { createShardNoise, type ShardNoise } from './shard-noise.ts';
