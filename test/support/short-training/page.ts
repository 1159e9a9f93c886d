/// <reference types="vite/client" />
/** A page that trains the short models on a backend when the test asks for it. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { prepareTraining } from '@lstm-gan/core';
import { startBackend, type BackendName } from '../../../apps/playground/src/backend.ts';
import { shortModels } from './models.ts';
import { trainThreeSteps } from './train-three-steps.ts';

/** Trains the models with these names. Resolves to the backend that trained, and the weights after three steps. */
export type TrainOn = (
  backend: BackendName,
  names: readonly string[],
) => Promise<{ readonly backend: BackendName; readonly weights: readonly (readonly number[])[] }>;

const trainOn: TrainOn = async (wanted, names) => {
  const backend = await startBackend(wanted);
  prepareTraining();
  const weights: number[][] = [];
  for (const name of names) {
    const model = shortModels.get(name);
    if (model === undefined) throw new Error(`there is no model ${name}`);
    weights.push(Array.from((await trainThreeSteps(model)).after));
  }
  return { backend, weights };
};

Object.assign(globalThis, { trainOn });
