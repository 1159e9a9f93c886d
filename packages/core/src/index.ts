export { assert, UserError, type UserErrorDetail } from './user-error.ts';
export { generatorConfigSchema, modelConfigSchema, type GeneratorConfig, type ModelConfig } from './model/model-config.ts';
export type { ArraySpec, Unit, UnitArray, UnitName } from './step/unit.ts';
export type { CreatePhaseUnits, PhaseUnits } from './step/phase-units.ts';
export {
  countParameters,
  createLayout,
  describeLayout,
  entryView,
  type Layout,
  type LayoutEntry,
  type LayoutPart,
  type Network,
  type Role,
} from './weights/layout.ts';
export { splitPoint, splitRange, type ShardRange } from './weights/tree.ts';
