import type { ImageShape } from '@lstm-gan/core';
import type { BackendName } from '../backend.ts';

/** What the page sends to the worker, once: begin. */
export interface TrainingWish {
  readonly backend: BackendName;
  readonly seed: number;
}

/** What the worker sends after a step. */
export interface TrainingProgress {
  readonly kind: 'progress';
  readonly backend: BackendName;
  /** Counts from 1. */
  readonly step: number;
  /** How many images the training has read. */
  readonly imagesSeen: number;
  readonly imagesPerSecond: number;
  readonly losses: { readonly discriminator: number; readonly generator: number };
  readonly shape: ImageShape;
  /** Float32 [N, size, size, channels] in [-1, 1], from the averaged generator; not after every step. */
  readonly images?: Float32Array;
}

/** Why the worker stopped: a sentence. */
export interface TrainingFailure {
  readonly kind: 'failure';
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}
