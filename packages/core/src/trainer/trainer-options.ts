import { checkRunConfig } from '../config/check-run-config.ts';
import type { RunConfig } from '../config/run-config-schema.ts';
import { UserError } from '../errors/user-error.ts';
import type { ModelConfig } from '../model/model-config.ts';
import type { AdamOptions } from '../optimizer/adam.ts';
import type { EmaOptions } from '../optimizer/ema.ts';
import { presets } from '../presets.ts';

type Settings = Pick<
  RunConfig,
  'seed' | 'batchSize' | 'shardSize' | 'discriminatorSteps' | 'sharedNoise' | 'classes' | 'preset' | 'data' | 'flip'
>;

/**
 * The settings of a trainer, with the names and meanings of docs/config.md; a run's configuration has them all. What is
 * left out has the value of the preset `digits`.
 *
 * `data`, `flip` and `preset` are written into the checkpoint and change nothing: the caller chooses, and mirrors, the
 * images. `engine` has no effect, either. `precision` and `wire` must be float32.
 */
export interface TrainerOptions extends Partial<Settings> {
  /** Adam's settings on the generator's weights. What is left out comes from `optimizer.generator`, then the preset. */
  readonly generatorOptimizer?: Partial<AdamOptions>;
  /** The same on the discriminator's weights. */
  readonly discriminatorOptimizer?: Partial<AdamOptions>;
  /** Adam's settings on both networks, as a configuration has them. */
  readonly optimizer?: Partial<Readonly<Record<'generator' | 'discriminator', Partial<AdamOptions>>>>;
  /** The moving average of the generator's weights, which samples are drawn with. */
  readonly ema?: Partial<EmaOptions>;
  readonly engine?: RunConfig['engine'];
  readonly precision?: RunConfig['precision'];
  readonly wire?: RunConfig['wire'];
}

/** The complete configuration that options stand for. Throws a UserError for a value that is not allowed. */
export function trainerConfig(model: ModelConfig, options: TrainerOptions): RunConfig {
  if ('model' in Object(model)) {
    throw new UserError({
      code: 'config',
      message: 'The trainer takes a model, but got a preset or a configuration, whose field `model` is one.',
      advice: "Pass that field, for example createTrainer(presets.get('digits').model, options).",
    });
  }
  const start = presets.get('digits');
  const { generatorOptimizer, discriminatorOptimizer, optimizer = {}, ema, ...others } = options;
  const batchSize = others.batchSize ?? start.batchSize;
  const config = checkRunConfig({
    preset: start.name,
    data: 'given to the trainer',
    flip: false,
    batchSize,
    shardSize: Math.min(start.shardSize, batchSize),
    discriminatorSteps: start.discriminatorSteps,
    sharedNoise: start.sharedNoise,
    seed: 1,
    ...withoutUndefined(others),
    model,
    engine: 'eager',
    optimizer: {
      generator: { ...start.optimizer.generator, ...optimizer.generator, ...generatorOptimizer },
      discriminator: { ...start.optimizer.discriminator, ...optimizer.discriminator, ...discriminatorOptimizer },
    },
    ema: { ...start.ema, ...ema },
  });
  return checkTrainable(withClasses(config));
}

/** Returns a configuration that a trainer can train. Throws a UserError if it asks for what only a cluster does. */
export function checkTrainable(config: RunConfig): RunConfig {
  for (const field of ['precision', 'wire'] as const) {
    if (config[field] === 'float32') continue;
    throw new UserError({
      code: 'not-trainable-here',
      message: `The trainer computes in float32, and ${field} is ${config[field]}.`,
      advice: `Leave ${field} out, or train with lstm-gan train.`,
    });
  }
  return { ...config, engine: 'eager' };
}

/** Without the data, as here, all classes are equally frequent, and their names are their numbers. */
function withClasses(config: RunConfig): RunConfig {
  const { condition } = config.model;
  if (condition === undefined || config.classes !== undefined) return config;
  const classes = Array.from({ length: condition.classes }, (_, label) => ({ name: String(label), images: 1 }));
  return { ...config, classes };
}

function withoutUndefined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
