/**
 * Checkpoints: a training state in the safetensors format (docs/checkpoints.md). When one is decoded, every length and
 * every bit is checked, including moments and counters, because a resumed run must give the same bits as one that was
 * never stopped. The checkpoint store of packages/run writes and reads the files of runs.
 */
import { checkRunConfig } from '../config/check-run-config.ts';
import type { RunConfig } from '../config/run-config-schema.ts';
import { UserError } from '../errors/user-error.ts';
import { createLayouts } from '../model/network.ts';
import { networks, type Layout, type Network } from '../weights/layout.ts';
import { joinVector, splitVector } from '../weights/named-vectors.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor, type Safetensors } from '../weights/safetensors.ts';
import { contentSha256, weightsSha256, type Hashing } from './hashing.ts';
import type { TrainingState } from './training-state.ts';

const formatVersion = '2';

/** The contents of a checkpoint, verified. */
export interface Checkpoint {
  readonly config: RunConfig;
  readonly state: TrainingState;
  readonly weightsSha256: string;
}

/** Returns a checkpoint's bytes, in parts. */
export async function encodeCheckpoint(
  config: RunConfig,
  state: TrainingState,
  hashing: Hashing,
): Promise<Uint8Array[]> {
  const layouts = createLayouts(config.model);
  const tensors = [
    ...namedTensors('ema', layouts.generator, state.ema),
    ...networks.flatMap((network) => [
      ...namedTensors(network, layouts[network], state[network].weights),
      ...namedTensors(`moments/first/${network}`, layouts[network], state[network].firstMoments),
      ...namedTensors(`moments/second/${network}`, layouts[network], state[network].secondMoments),
    ]),
  ];
  const { generator, discriminator } = state;
  const counters = Object.fromEntries(
    networks.map((network) => {
      const { beta1Power, beta2Power, updates } = state[network];
      return [network, { beta1Power, beta2Power, updates }];
    }),
  );
  const metadata = new Map([
    ['format', formatVersion],
    ['step', String(state.step)],
    ['config', JSON.stringify(config)],
    // JSON writes the shortest text that reads back to the same float64.
    ['optimizer', JSON.stringify(counters)],
    ['weightsSha256', weightsSha256(generator.weights, discriminator.weights, hashing)],
  ]);
  metadata.set('sha256', await contentSha256(hashedLines(metadata), state, hashing));
  return encodeSafetensors(tensors, metadata);
}

const hashedKeys = ['format', 'step', 'config', 'optimizer'] as const;

/** The metadata that the file's hash covers, in its order. */
function hashedLines(metadata: ReadonlyMap<string, string>): string[] {
  return hashedKeys.map((key) => metadata.get(key) ?? '');
}

function namedTensors(prefix: string, layout: Layout, vector: Float32Array): NamedTensor[] {
  const parts = splitVector(layout, vector);
  return layout.entries.map(({ name, shape }) => ({
    name: `${prefix}/${name}`,
    dtype: 'F32',
    shape,
    data: parts.get(name) as Float32Array,
  }));
}

/** Decodes and verifies a checkpoint. Throws a UserError if the bytes are no checkpoint or are damaged. */
export async function decodeCheckpoint(bytes: Uint8Array, hashing: Hashing): Promise<Checkpoint> {
  const contents = decodeSafetensors(bytes);
  const { metadata } = contents;
  if (metadata.get('format') !== formatVersion) {
    throw new UserError({
      code: 'no-checkpoint',
      message:
        `This is no checkpoint of format ${formatVersion}; ` +
        `its format is ${metadata.get('format') ?? 'not given'}.`,
      advice: 'Use a checkpoint that this version of lstm-gan train wrote.',
    });
  }
  const config = checkRunConfig(parseJson(metadata.get('config')));
  const state = readState(contents, config);
  if ((await contentSha256(hashedLines(metadata), state, hashing)) !== metadata.get('sha256'))
    throw damagedError('its contents do not have the hash that it states');
  const hash = weightsSha256(state.generator.weights, state.discriminator.weights, hashing);
  if (hash !== metadata.get('weightsSha256')) throw damagedError('its weights do not have the hash that it states');
  return { config, state, weightsSha256: hash };
}

function readState(contents: Safetensors, config: RunConfig): TrainingState {
  const layouts = createLayouts(config.model);
  const vector = (prefix: string, network: Network): Float32Array => {
    const parts = new Map<string, Float32Array>();
    for (const { name } of layouts[network].entries) {
      const tensor = contents.tensors.get(`${prefix}/${name}`);
      if (tensor?.dtype === 'F32') parts.set(name, tensor.data);
    }
    return joinVector(layouts[network], parts);
  };
  const counters = parseJson(contents.metadata.get('optimizer')) as
    Record<Network, Record<string, unknown>> | undefined;
  const stateOf = (network: Network) => ({
    weights: vector(network, network),
    firstMoments: vector(`moments/first/${network}`, network),
    secondMoments: vector(`moments/second/${network}`, network),
    beta1Power: finite(counters?.[network]?.['beta1Power'], `${network} beta1Power`),
    beta2Power: finite(counters?.[network]?.['beta2Power'], `${network} beta2Power`),
    updates: finite(counters?.[network]?.['updates'], `${network} updates`),
  });
  return {
    step: finite(Number(contents.metadata.get('step')), 'step'),
    generator: stateOf('generator'),
    discriminator: stateOf('discriminator'),
    ema: vector('ema', 'generator'),
  };
}

function finite(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw damagedError(`its ${what} is no number`);
}

function damagedError(what: string): UserError {
  return new UserError({
    code: 'checkpoint-damaged',
    message: `The checkpoint is damaged: ${what}.`,
    advice: 'Use the checkpoint before it, in the same folder.',
  });
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
