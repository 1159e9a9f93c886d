import { compileUnits, type CompiledUnits, type UnitCompiler } from '../compute/compile-units.ts';
import type { ShardTools } from '../compute/compute-shard.ts';
import { createGeneratorPasses } from '../compute/generator-passes.ts';
import { createShardNoise } from '../compute/shard-noise.ts';
import { imagesPerStep } from '../config/check-run-config.ts';
import type { RunConfig } from '../config/run-config-schema.ts';
import { UserError } from '../errors/user-error.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { createLayouts } from '../model/network.ts';
import { plainArithmetic } from '../optimizer/vector-arithmetic.ts';
import { generate } from '../sampling/generate.ts';
import { sampleNoise } from '../sampling/sample-noise.ts';
import { compileEagerly } from '../step/compile-eagerly.ts';
import { prepareTraining } from '../step/prepare-training.ts';
import { readyBackend } from '../step/ready-backend.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import type { MeanLosses } from '../training/step-losses.ts';
import { createTrainingState, type TrainingState } from '../training/training-state.ts';
import { bytesOf, type Bytes } from '../weights/bytes-of.ts';
import { plainHashing } from './plain-hashing.ts';
import { stepImages, type Pixels, type StepImages } from './step-images.ts';
import { trainStep } from './train-step.ts';
import { checkTrainable, trainerConfig, type TrainerOptions } from './trainer-options.ts';

/**
 * Trains a model in this process, on tfjs's current backend: the steps of a cluster of coordinator and workers, with
 * the same functions, random numbers and order of additions. It keeps plain arrays and no tensors between its calls, so
 * there is nothing to dispose of.
 */
export interface Trainer {
  /** All settings, with the defaults filled in. */
  readonly config: RunConfig;
  /** How many steps the weights have had. */
  readonly steps: number;
  /** How many images a step reads: `batchSize` for each of its `discriminatorSteps` discriminator phases. */
  readonly imagesPerStep: number;
  /**
   * Trains one step, and resolves to its mean losses. The arrays may be used again as soon as `step` has returned its
   * promise. If a step fails, the weights stay as they were before it.
   * @param images `imagesPerStep` images
   * @param labels the class of each image, counted from 0; only for a model with a condition
   */
  step(images: Pixels, labels?: ArrayLike<number>): Promise<MeanLosses>;
  /**
   * Draws images with the averaged generator: float32 [N, H, W, C] in [-1, 1].
   * @param wish how many images, from the noise of the trainer's seed (the same noise in each call), or noise of your
   *   own, [N, latent]
   * @param classes the class of each image; by default they take turns. A model without classes ignores them
   */
  sample(wish: number | Float32Array, classes?: readonly number[]): Promise<Float32Array>;
  /**
   * The bytes of a checkpoint: everything that training needs to continue with the same bits. `restoreTrainer`,
   * `readGenerator`, `lstm-gan sample` and the page of apps/playground read them.
   */
  save(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Makes a trainer of a model, before its first step. Throws a UserError for a model or an option that is not allowed.
 *
 * ```ts
 * const { model } = presets.get('digits');
 * const trainer = createTrainer(model, { seed: 1, batchSize: 64 });
 * const { generator, discriminator } = await trainer.step(pixels);
 * ```
 */
export function createTrainer(model: ModelConfig, options: TrainerOptions = {}): Trainer {
  const config = trainerConfig(model, options);
  return trainerFrom(config, createTrainingState(config));
}

/**
 * Makes a trainer that continues from a checkpoint, which `save` or `lstm-gan train` wrote. On the same backend, the
 * steps have the same bits as if training had not stopped. Rejects with a UserError if the bytes are no undamaged
 * checkpoint.
 */
export async function restoreTrainer(checkpoint: Bytes): Promise<Trainer> {
  const { config, state } = await decodeCheckpoint(bytesOf(checkpoint, 'a checkpoint'), plainHashing);
  return trainerFrom(checkTrainable(config), state);
}

const compiler: UnitCompiler = { compile: async (unit) => compileEagerly(unit, plainArithmetic) };

function trainerFrom(config: RunConfig, initial: TrainingState): Trainer {
  const { model, seed } = config;
  const layouts = createLayouts(model);
  const tools: Omit<ShardTools, 'units'> = {
    config,
    arithmetic: plainArithmetic,
    generatorPasses: createGeneratorPasses(),
    noise: createShardNoise(config),
  };
  const compiled = new Map<StepImages['dtype'], Promise<CompiledUnits>>();
  const unitsFor = (images: StepImages['dtype']): Promise<CompiledUnits> => {
    const units = compiled.get(images) ?? compileUnits(compiler, config, { images });
    compiled.set(images, units);
    return units;
  };
  let state = initial;
  let isStepping = false;
  const train = async (images: StepImages): Promise<MeanLosses> => {
    try {
      await readyBackend();
      prepareTraining();
      const trained = await trainStep({ ...tools, units: await unitsFor(images.dtype) }, layouts, state, images);
      state = trained.state;
      return trained.losses;
    } finally {
      isStepping = false;
    }
  };
  return {
    config,
    get steps() {
      return state.step;
    },
    imagesPerStep: imagesPerStep(config),
    async step(images, labels) {
      if (isStepping) throw stepRunning();
      const checked = stepImages(config, images, labels);
      isStepping = true;
      return train(checked);
    },
    async sample(wish, classes) {
      const noise = typeof wish === 'number' ? sampleNoise(model, countOf(wish), seed) : wish;
      return generate(model, state.ema, noise, classes);
    },
    async save() {
      const parts = await encodeCheckpoint(config, state, plainHashing);
      const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
      let offset = 0;
      for (const part of parts) {
        bytes.set(part, offset);
        offset += part.length;
      }
      return bytes;
    },
  };
}

function countOf(wish: number): number {
  if (Number.isInteger(wish) && wish > 0) return wish;
  throw new UserError({
    code: 'wrong-noise',
    message: `A number of images is a whole number above 0, not ${wish}.`,
    advice: 'Pass for example 16, or noise of your own.',
  });
}

function stepRunning(): UserError {
  return new UserError({
    code: 'step-running',
    message: 'The trainer is still computing the step before.',
    advice: 'Await each step before you call the next.',
  });
}
