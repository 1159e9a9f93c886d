/**
 * Writes checkpoints as a run does, without training. Their averaged generator gives images of the whole range of
 * values.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLayouts, normalNoise, streamKey, type LayoutEntry, type ModelConfig } from '@lstm-gan/core';
import { entryView } from '@lstm-gan/core/weights';
import { createTrainingState, writeCheckpoint } from '@lstm-gan/run';
import { smallConfig } from './small-run.ts';

/** Writes a checkpoint of a model into a new folder, with the same bytes every time. Resolves to its path. */
export async function writeVividCheckpoint(model: ModelConfig): Promise<string> {
  const config = { ...smallConfig, model };
  const state = createTrainingState(config);
  const ema = Float32Array.from(state.ema);
  for (const entry of createLayouts(model).generator.entries) makeVivid(entry, entryView(ema, entry));
  return writeCheckpoint(await mkdtemp(path.join(tmpdir(), 'lstm-gan-vivid-')), config, { ...state, ema });
}

/**
 * Makes kernels four times as large, and moves biases, moving averages and variances away from their initial values.
 */
function makeVivid({ name, offset, size }: LayoutEntry, values: Float32Array): void {
  const random = normalNoise(streamKey({ seed: 1, purpose: 'probe', shard: offset }), size);
  const factor = name.endsWith('ernel') ? 4 : 1;
  for (let i = 0; i < size; i++) values[i] = factor * values[i] + (factor === 1 ? 0.2 * Math.abs(random[i]) : 0);
}
