/**
 * Networks that a user has written: a name, and a function that returns layers. A configuration is plain JSON that
 * crosses processes, so it only names such a network; every process that builds the network must have registered its
 * code. The model's `source` says which code that is.
 */
import { assert } from '../errors/assert.ts';
import { nearestName } from '../errors/nearest-name.ts';
import { UserError } from '../errors/user-error.ts';
import type { Layer } from '../nn/layer.ts';
import type { Network } from '../weights/layout.ts';
import { directionSuffix, movingMeanSuffix, movingVarianceSuffix, varianceNameOf } from '../weights/state-names.ts';
import type { ImageShape, ModelConfig } from './model-config.ts';

/** What the function of a discriminator gets: the fields of the model's configuration that its layers depend on. */
export interface DiscriminatorContext {
  /** Height and width of the images (`size`, in pixels), and their channels (1 or 3). */
  readonly image: ImageShape;
  /**
   * The number of classes and the length of a class's embedding; undefined if the model is not conditional. A network
   * that ignores it is a network without classes.
   */
  readonly condition: ModelConfig['condition'];
  /**
   * The network's own options from the configuration; an empty object if there are none. They come from outside, so
   * their types are unknown: in TypeScript, check them or say `options.units as number`.
   */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What the function of a generator gets. */
export interface GeneratorContext extends DiscriminatorContext {
  /** Length of the noise that an image is made from. */
  readonly latent: number;
}

/**
 * Networks that a user has written, by their names. B is the number of images of a shard; layers must not depend on it,
 * because a sample draws another number. A function returns the layers of its network. It must return equal
 * layers each time: it reads nothing but what it gets.
 *
 * * A generator maps noise [B, latent] to images [B, size, size, channels] in [-1, 1].
 * * A discriminator maps images [B, size, size, channels] in [-1, 1] to logits [B, 1].
 */
export interface CustomNetworks {
  /** The functions of generators. */
  readonly generators?: Readonly<Record<string, (context: GeneratorContext) => readonly Layer[]>>;
  /** The functions of discriminators. */
  readonly discriminators?: Readonly<Record<string, (context: DiscriminatorContext) => readonly Layer[]>>;
}

const registered = new Map<string, CustomNetworks>();

/**
 * Makes networks known to this process, for every function that takes a `ModelConfig`. Throws a UserError if `networks`
 * has not the form of `CustomNetworks`; other fields are ignored.
 *
 * ```ts
 * registerNetworks('my-networks-1', {
 *   generators: {
 *     plain: ({ latent, image: { size, channels } }) => [
 *       dense('dense0', latent, size * size * channels),
 *       toShape([size, size, channels]),
 *     ],
 *   },
 * });
 * const generator = { kind: 'custom', name: 'plain' } as const;
 * const trainer = createTrainer({ ...presets.get('digits').model, generator, source: 'my-networks-1' });
 * ```
 *
 * @param source the text by which configurations name this code (`model.source`): the SHA-256 of a file, or for code
 * that is part of a program a name of 1 to 64 letters, digits and . _ - that changes with the code. Engines keep compiled networks on disk by this text.
 */
export function registerNetworks(source: string, networks: CustomNetworks): void {
  for (const [kind, functions] of [
    ['generators', networks.generators],
    ['discriminators', networks.discriminators],
  ] as const) {
    if (functions === undefined) continue;
    const isMapping = typeof functions === 'object' && functions !== null;
    const wrong = isMapping ? Object.entries(functions).find(([, build]) => typeof build !== 'function')?.[0] : '';
    if (wrong === undefined) continue;
    throw noNetworks(
      isMapping ? `${kind}[${JSON.stringify(wrong)}] is not a function` : `${kind} is ${typeof functions}`,
    );
  }
  if (namesIn(networks, 'generator').length + namesIn(networks, 'discriminator').length === 0)
    throw noNetworks('it has neither a generator nor a discriminator');
  registered.set(source, networks);
}

function noNetworks(what: string): UserError {
  return new UserError({
    code: 'no-networks',
    message: `This does not define networks: ${what}; expected objects generators, discriminators or both, whose fields are functions that return layers.`,
    advice: "For example: export const generators = { 'my-network': ({ latent, image, options }) => [ ...layers ] };",
  });
}

/** The names of the generators, or of the discriminators, among networks. */
export function namesIn(networks: CustomNetworks, network: Network): string[] {
  return Object.keys(networks[`${network}s`] ?? {});
}

/** Whether a user has written one of a model's networks. */
export function isCustom({ generator, discriminator }: ModelConfig): boolean {
  return generator.kind === 'custom' || discriminator.kind === 'custom';
}

/** The name of a network in error messages: `the generator my-gru`. */
export function describeNetwork(model: ModelConfig, network: Network): string {
  const config = model[network];
  return config.kind === 'custom' ? `the ${network} ${config.name}` : `the ${network}`;
}

/**
 * The layers of a network that a user has written. Throws a UserError if its code is not registered or does not return
 * layers.
 */
export function customLayers(model: ModelConfig, network: Network): readonly Layer[] {
  const config = model[network];
  assert(config.kind === 'custom', `the ${network} is a custom one`);
  const { latent, image, condition } = model;
  const context = { latent, image, condition, options: config.options ?? {} };
  const build = findFunction(model, network, config.name);
  const what = describeNetwork(model, network);
  const [layers, again] = [0, 1].map(() => callFunction(what, () => build(structuredClone(context))));
  checkParameters(what, layers);
  if (JSON.stringify(layers.map(parametersOf)) !== JSON.stringify(again.map(parametersOf))) {
    throw badLayers(what, 'its function returns layers with other parameters each time it is called', advice.pure);
  }
  return layers;
}

const parametersOf = ({ parameters }: Layer) => parameters;

function findFunction(model: ModelConfig, network: Network, name: string) {
  const { source } = model;
  const what = describeNetwork(model, network);
  if (source === undefined) {
    throw new UserError({
      code: 'no-model-file',
      message: `The configuration names ${what}, and no file defines it.`,
      advice:
        'Give the file that defines it: --model FILE. In a program, set model.source to the name given to registerNetworks.',
    });
  }
  const networks = registered.get(source);
  if (networks === undefined) {
    const others = [...registered.keys()];
    if (!/^[0-9a-f]{64}$/.test(source)) {
      const names = others.map((name) => JSON.stringify(name)).join(', ') || 'none';
      throw new UserError({
        code: 'not-registered',
        message: `The code of ${what} is called ${JSON.stringify(source)} (model.source), and this program has not registered it; registered: ${names}.`,
        advice: `First call registerNetworks(${JSON.stringify(source)}, ...) with the code that made the weights.`,
      });
    }
    const given = others.length === 0 ? 'and no file was given' : `and the given file has ${others.join(', ')}`;
    throw new UserError({
      code: 'other-model-file',
      message: `The file that defines ${what} has SHA-256 ${source}, ${given}.`,
      advice: 'Give the file that the run began with, unchanged: --model FILE.',
    });
  }
  const functions: Readonly<Record<string, (context: GeneratorContext) => unknown>> = networks[`${network}s`] ?? {};
  if (Object.hasOwn(functions, name)) return functions[name];
  const names = Object.keys(functions);
  const nearest = nearestName(name, names);
  throw new UserError({
    code: 'unknown-network',
    message: `The model file defines no ${network} ${name}; it defines ${names.join(', ') || `no ${network}`}.`,
    advice: nearest === undefined ? `Set model.${network}.name to one of the file's own.` : `Did you mean ${nearest}?`,
  });
}

const advice = {
  pure: 'Let it read only what it gets, and draw no random numbers: initializers draw the weights.',
  layers: 'Return a list of layers of @lstm-gan/core/layers, or of objects { parameters, apply } like them.',
} as const;

function callFunction(what: string, build: () => unknown): readonly Layer[] {
  let layers: unknown;
  try {
    layers = build();
  } catch (cause) {
    throw badLayers(what, `its function throws ${String(cause)}`, 'Correct the function.', cause);
  }
  if (!Array.isArray(layers) || layers.length === 0)
    throw badLayers(what, `its function returns ${describe(layers)}, not a list of layers`, advice.layers);
  const wrong = layers.findIndex((layer: Partial<Layer> | undefined) => {
    return !Array.isArray(layer?.parameters) || typeof layer.apply !== 'function';
  });
  if (wrong >= 0)
    throw badLayers(what, `entry ${wrong} of its list is ${describe(layers[wrong])}, not a layer`, advice.layers);
  return layers as Layer[];
}

/** Enough to recognise an object by; a layer of tfjs has dozens. */
const maxShownFields = 5;

function describe(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) {
    const fields = Object.keys(value);
    const shown = fields.slice(0, maxShownFields).join(', ') || 'no fields';
    return `an object with ${shown}${fields.length > maxShownFields ? ', ...' : ''}`;
  }
  return typeof value === 'function' ? 'a function' : String(value);
}

const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;

/** What each kind of initializer needs. */
const initializers: Readonly<Record<string, (initializer: Readonly<Record<string, unknown>>) => boolean>> = {
  constant: ({ value }) => Number.isFinite(value),
  normal: () => true,
  glorot: ({ fanIn, fanOut }) => isLength(fanIn) && isLength(fanOut),
  orthogonal: () => true,
  'forget-gate-one': () => true,
};

/**
 * What is wrong with a parameter that a user has written; undefined if nothing is. By hand, because a page that draws
 * and reads no files needs no schema.
 */
function problemOf(parameter: unknown): string | undefined {
  const { name, shape, role, initializer } = (parameter ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || !/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(name)) return 'its name is to be LAYER/NAME';
  if (!Array.isArray(shape) || shape.length > 6 || !shape.every(isLength))
    return 'its shape is to be a list of at most 6 whole numbers above 0';
  if (role !== 'trainable' && role !== 'state') return `its role is to be 'trainable' or 'state'; got ${String(role)}`;
  const fields = (initializer ?? {}) as Record<string, unknown>;
  const kind = String(fields['kind']);
  if (!Object.hasOwn(initializers, kind))
    return `its initializer's kind is to be ${Object.keys(initializers).join(', ')}; got ${kind}`;
  return initializers[kind](fields) ? undefined : `its initializer ${kind} lacks a number`;
}

function checkParameters(what: string, layers: readonly Layer[]): void {
  const parameters = layers.flatMap(parametersOf);
  for (const parameter of parameters) {
    const problem = problemOf(parameter);
    if (problem === undefined) continue;
    throw badLayers(
      what,
      `the parameter ${describeName(parameter)} is not sound: ${problem}`,
      'See ParameterSpec in @lstm-gan/core/layers.',
    );
  }
  const names = new Set<string>();
  for (const { name, shape, initializer } of parameters) {
    if (names.has(name))
      throw badLayers(what, `two of its parameters are called ${name}`, 'Give each layer a name of its own.');
    names.add(name);
    if (initializer.kind === 'orthogonal' && (shape.length !== 2 || shape[0] > shape[1]))
      throw badLayers(
        what,
        `${name} of ${shape.join(' x ')} cannot have orthonormal rows`,
        'The initializer orthogonal needs a matrix with no more rows than columns.',
      );
  }
  if (!parameters.some(({ role }) => role === 'trainable'))
    throw badLayers(what, 'none of its parameters is trainable', 'Use a layer with weights, such as dense.');
  for (const [index, { name, role }] of parameters.entries()) {
    if (role === 'trainable' || name.endsWith(directionSuffix)) continue;
    // A moving average of means and that of its variances are updated together, so one follows the other.
    const mean = name.endsWith(movingVarianceSuffix) ? parameters[index - 1] : parameters[index];
    const variance = parameters[parameters.indexOf(mean) + 1];
    const isPair = mean?.name.endsWith(movingMeanSuffix) && variance?.name === varianceNameOf(mean.name);
    if (isPair && String(mean.shape) === String(variance.shape)) continue;
    throw badLayers(
      what,
      `nothing updates its state ${name}`,
      'State belongs to batchNorm and spectralNorm; make other parameters trainable.',
    );
  }
}

function describeName(parameter: unknown): string {
  const { name } = (parameter ?? {}) as Record<string, unknown>;
  return typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : describe(parameter);
}

function badLayers(what: string, problem: string, advice: string, cause?: unknown): UserError {
  return new UserError({ code: 'bad-layers', message: `${capital(what)}: ${problem}.`, advice, cause });
}

/** A text with a capital letter at its start. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
