/** The options of a coordinator, and the result of its training. */
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { ReadShards } from '@lstm-gan/data';
import type { Logger, RunConfig, StepMetrics, TrainingState } from '@lstm-gan/run';
import type { CoordinatorLink, Exchange } from '@lstm-gan/transport';
import type { Computes } from './decide/state.ts';

export interface CoordinatorOptions {
  readonly config: RunConfig;
  /** Identifies the run. Messages of another run are stale. */
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** The state to go on from. */
  readonly initial: TrainingState;
  /** Training ends after this step. */
  readonly steps: number;
  readonly link: CoordinatorLink;
  /** Faster arithmetic with the same bits. Default: core's own. */
  readonly arithmetic?: VectorArithmetic;
  readonly readShards: ReadShards;
  /**
   * Called before anything is computed, with the TensorFlow version and the hashes of the first worker. Throws if the
   * run began with others.
   */
  readonly onIdentify?: (computes: Computes) => void;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** When this signal is aborted, training ends after the current step. */
  readonly signal: AbortSignal;
  /** How contributions and weights travel. Default: star. */
  readonly exchange?: Exchange;
  /** Refuses workers that compute other bits than the run, and stops if two workers differ. Default: true. */
  readonly isStrict?: boolean;
  /** Called after every committed step; must not block. Returns whether the caller wants the state after this step. */
  readonly onCommit: (metrics: StepMetrics) => boolean;
  /**
   * Called with a state that `onCommit` asked for. In the sliced exchange the call comes some steps later, because the
   * state is gathered while training goes on. The state is never changed afterwards.
   */
  readonly onState?: (state: TrainingState) => void;
  /**
   * Called in the sliced exchange when the run goes back to the state after step `step`, because newer state is lost.
   * If training goes on, the later steps are computed again, with the same bits.
   */
  readonly onRewind?: (step: number) => void;
  /** Called after `onCommit`. Returns whether training may end after this step. */
  readonly isEnough?: () => boolean;
}

export interface TrainingResult {
  /** The last committed state. */
  readonly state: TrainingState;
  readonly weightsSha256: string;
  /** The median over the steps after the fifth; NaN if there were no more than five steps. */
  readonly imagesPerSecond: number;
  readonly losses: StepMetrics['losses'] | undefined;
  readonly droppedContributions: number;
  readonly copiedLeases: number;
}
