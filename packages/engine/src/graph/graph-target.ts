import type { EngineOptions, Precision } from '../contract/engine.ts';

/** What decides a unit's graphs in addition to the unit. */
export interface GraphTarget {
  readonly device: EngineOptions['device'];
  readonly precision: Precision;
  readonly stateOnDevice: boolean;
}
