/** What a coordinator is started with, and what comes out. */
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { ReadShards } from '@lstm-gan/data';
import type { Logger, RunConfig, StepMetrics, TrainingState } from '@lstm-gan/run';
import type { CoordinatorLink, Exchange } from '@lstm-gan/transport';
import type { Computes } from './decide/state.ts';

export interface CoordinatorOptions {
  readonly config: RunConfig;
  /** Unique for the run; messages of another one are stale. */
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** What to go on from. */
  readonly initial: TrainingState;
  /** The step to stop behind. */
  readonly steps: number;
  readonly link: CoordinatorLink;
  /** Faster arithmetic of the same bits; core's own where there is none. */
  readonly arithmetic?: VectorArithmetic;
  readonly readShards: ReadShards;
  /** Hears what the first worker computes with, before anything is computed; throws if the run began otherwise. */
  readonly onIdentify?: (computes: Computes) => void;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Aborted to stop behind the step in work. */
  readonly signal: AbortSignal;
  /** How contributions and weights travel; the star unless told otherwise. */
  readonly exchange?: Exchange;
  /** Refuses workers that compute other bits than the run, and stops where two differ; so unless told otherwise. */
  readonly isStrict?: boolean;
  /** Hears of every committed step; must not keep the loop waiting. Returns whether the state behind this step is wanted. */
  readonly onCommit: (metrics: StepMetrics) => boolean;
  /** Given a state that was wanted, once it is here: in the sliced exchange it is gathered while training goes on. It never changes. */
  readonly onState?: (state: TrainingState) => void;
  /** In the sliced exchange: the run goes back to this step, because state is lost. The steps behind it come again, with the same bits. */
  readonly onRewind?: (step: number) => void;
  /** Asked behind every committed step, onCommit having heard of it: whether training may end there. */
  readonly isEnough?: () => boolean;
}

export interface TrainingResult {
  /** The last committed state. */
  readonly state: TrainingState;
  readonly weightsSha256: string;
  /** Median after the fifth step; NaN for shorter runs. */
  readonly imagesPerSecond: number;
  readonly losses: StepMetrics['losses'] | undefined;
  readonly droppedContributions: number;
  readonly copiedLeases: number;
}
