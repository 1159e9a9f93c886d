/**
 * Checkpoints as a run writes them, whose averaged generator uses the whole range of its images though nothing was
 * trained.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLayouts, entryView, normalNoise, streamKey, type LayoutEntry, type ModelConfig } from '@lstm-gan/core';
import { createTrainingState, writeCheckpoint } from '@lstm-gan/run';
import { smallConfig } from './small-run.ts';

/** A checkpoint of a model, in a folder of its own; the same bytes every time. */
export async function writeVividCheckpoint(model: ModelConfig): Promise<string> {
  const config = { ...smallConfig, model };
  const state = createTrainingState(config);
  const ema = Float32Array.from(state.ema);
  for (const entry of createLayouts(model).generator.entries) makeVivid(entry, entryView(ema, entry));
  return writeCheckpoint(await mkdtemp(path.join(tmpdir(), 'lstm-gan-vivid-')), config, { ...state, ema });
}

/**
 * Kernels four times as large; biases and moving averages off the places where they begin, and variances above zero.
 */
function makeVivid({ name, offset, size }: LayoutEntry, values: Float32Array): void {
  const random = normalNoise(streamKey({ seed: 1, purpose: 'probe', shard: offset }), size);
  const factor = name.endsWith('ernel') ? 4 : 1;
  for (let i = 0; i < size; i++) values[i] = factor * values[i] + (factor === 1 ? 0.2 * Math.abs(random[i]) : 0);
}
