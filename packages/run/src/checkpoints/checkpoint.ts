/**
 * Checkpoints: a training state as a safetensors file (docs/checkpoints.md). A checkpoint is written atomically. When
 * it is read, every length and every bit is checked, including moments and counters, because a resumed run must give
 * the same bits as one that was never stopped. If the newest checkpoint is damaged, the one before it is used.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import {
  createLayouts,
  decodeSafetensors,
  encodeSafetensors,
  joinVector,
  splitVector,
  type Layout,
  type NamedTensor,
  type Network,
  type Safetensors,
} from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { networks } from '@lstm-gan/core/weights';
import { checkRunConfig, type RunConfig } from '../config/run-config.ts';
import type { TrainingState } from './training-state.ts';
import { weightsSha256 } from './weights-hash.ts';
import { writeAtomically } from '../write-atomically.ts';

const formatVersion = '2';

/** The contents of a checkpoint file, verified. */
export interface Checkpoint {
  readonly config: RunConfig;
  readonly state: TrainingState;
  readonly weightsSha256: string;
}

/** `step-00001000.safetensors`; sorting the names sorts them by step. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}.safetensors`;
}

/** Which checkpoints are kept when a new one is written. */
export interface Keep {
  /** How many of the newest ones, including the new one. */
  readonly newest: number;
  /** The step of a checkpoint that is always kept. */
  readonly best?: number;
}

/**
 * Writes a checkpoint into a folder, removes those that are not to be kept, and returns the new one's path. Checkpoints
 * of later steps are removed too: they are damaged, or the run was resumed from an earlier step.
 */
export async function writeCheckpoint(
  folder: string,
  config: RunConfig,
  state: TrainingState,
  { newest, best }: Keep = { newest: 2 },
): Promise<string> {
  const file = path.join(folder, checkpointName(state.step));
  await writeAtomically(file, await encodeCheckpoint(config, state));
  const all = await listCheckpoints(folder);
  const staying = new Set([
    ...all.filter((other) => other <= file).slice(-newest),
    ...(best === undefined ? [] : [path.join(folder, checkpointName(best))]),
  ]);
  for (const old of all.filter((other) => !staying.has(other))) await rm(old, { force: true });
  return file;
}

async function encodeCheckpoint(config: RunConfig, state: TrainingState): Promise<Uint8Array[]> {
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
    ['weightsSha256', weightsSha256(generator.weights, discriminator.weights)],
  ]);
  metadata.set('sha256', await contentSha256(metadata, state));
  return encodeSafetensors(tensors, metadata);
}

const hashedKeys = ['format', 'step', 'config', 'optimizer'] as const;
const hashedAtOnceBytes = 8 * 1024 * 1024;

/**
 * SHA-256, hexadecimal, of the metadata in `hashedKeys` (one line each), then of all tensors in the order of the file.
 */
async function contentSha256(metadata: ReadonlyMap<string, string>, state: TrainingState): Promise<string> {
  const hash = createHash('sha256');
  for (const key of hashedKeys) hash.update(`${metadata.get(key) ?? ''}\n`);
  const vectors = [
    state.ema,
    ...networks.flatMap((network) => [
      state[network].weights,
      state[network].firstMoments,
      state[network].secondMoments,
    ]),
  ];
  for (const { buffer, byteOffset, byteLength } of vectors) {
    for (let done = 0; done < byteLength; done += hashedAtOnceBytes) {
      hash.update(new Uint8Array(buffer, byteOffset + done, Math.min(hashedAtOnceBytes, byteLength - done)));
      // Hashing a large state takes a tenth of a second, and the training loop runs on the same thread.
      await otherWork();
    }
  }
  return hash.digest('hex');
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

/** Reads and verifies a checkpoint. Throws a UserError that names the file if it is no checkpoint or is damaged. */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const bytes = await readBytes(file);
  try {
    return await decodeCheckpoint(bytes);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    const { code, message, advice } = cause;
    throw new UserError({ code, message: `${file}: ${message}`, advice, cause });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => {
    throw new UserError({
      code: 'no-checkpoint',
      message: `${file} cannot be read.`,
      advice: 'Give a run folder or a checkpoint file.',
      cause,
    });
  });
}

async function decodeCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
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
  if ((await contentSha256(metadata, state)) !== metadata.get('sha256'))
    throw damagedError('its contents do not have the hash that it states');
  const hash = weightsSha256(state.generator.weights, state.discriminator.weights);
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

/** The checkpoints of a folder, oldest first. */
export async function listCheckpoints(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => [] as string[]);
  return files
    .filter((file) => /^step-\d{8}\.safetensors$/.test(file))
    .sort()
    .map((file) => path.join(folder, file));
}

/** The newest undamaged checkpoint of a folder. Calls `onDamaged` for each newer one that is damaged. */
export async function readLatestCheckpoint(
  folder: string,
  onDamaged: (file: string, error: Error) => void,
): Promise<{ file: string; checkpoint: Checkpoint }> {
  for (const file of (await listCheckpoints(folder)).reverse()) {
    try {
      return { file, checkpoint: await decodeCheckpoint(await readBytes(file)) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onDamaged(file, error);
    }
  }
  throw new UserError({
    code: 'no-checkpoint',
    message: `${folder} has no sound checkpoint.`,
    advice: 'Check the path; a run writes its first checkpoint after ten seconds or when it ends.',
  });
}
