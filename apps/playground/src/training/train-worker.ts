/** Trains in a Web Worker, so that the page stays responsive. Trains until the page ends the worker. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { streamKey } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { permutation } from '@lstm-gan/core/random';
import { createTrainer } from '@lstm-gan/core/trainer';
import { startBackend } from '../backend.ts';
import { base64 } from './digits.ts';
import type { TrainingFailure, TrainingProgress, TrainingWish } from './messages.ts';
import { batchSize, model, options } from './model.ts';

const drawn = 16;
const imageBytes = model.image.size ** 2;
const pixels = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const batchesPerEpoch = Math.floor(pixels.length / imageBytes / batchSize);

/** The images of a step, which counts from 1. Each epoch has an order of its own. */
function batchOf(seed: number, step: number): Uint8Array {
  const epoch = Math.floor((step - 1) / batchesPerEpoch);
  const order = permutation(streamKey({ seed, purpose: 'image-order', step: epoch }), pixels.length / imageBytes);
  const first = ((step - 1) % batchesPerEpoch) * batchSize;
  const batch = new Uint8Array(batchSize * imageBytes);
  for (let k = 0; k < batchSize; k++) {
    const from = order[first + k] * imageBytes;
    batch.set(pixels.subarray(from, from + imageBytes), k * imageBytes);
  }
  return batch;
}

async function train({ backend: wanted, seed }: TrainingWish): Promise<void> {
  const backend = await startBackend(wanted);
  const trainer = createTrainer(model, { ...options, seed });
  for (let step = 1; ; step++) {
    const begin = performance.now();
    const losses = await trainer.step(batchOf(seed, step));
    const imagesPerSecond = (1000 * batchSize) / (performance.now() - begin);
    // Drawing takes a tenth of a step. The first steps change the images most.
    const images = step <= 4 || step % 4 === 0 ? await trainer.sample(drawn) : undefined;
    const progress: TrainingProgress = {
      ...{ kind: 'progress', backend, step, imagesSeen: step * batchSize, imagesPerSecond, losses, shape: model.image },
      ...(images && { images }),
    };
    postMessage(progress);
  }
}

addEventListener('message', ({ data }: MessageEvent<TrainingWish>) => {
  train(data).catch((error: unknown) => {
    const { code, message, advice } =
      error instanceof UserError
        ? error
        : { code: 'bug', message: `This should not have happened: ${String(error)}`, advice: '' };
    const failure: TrainingFailure = { kind: 'failure', code, message, advice };
    postMessage(failure);
  });
});
