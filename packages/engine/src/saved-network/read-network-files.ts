/** Finds what a user's network consists of: a folder with a SavedModel, or a model.json of tfjs with its weights. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { reasonOf } from '@lstm-gan/system';
import { z } from 'zod';

/** A network of tfjs, as `io.fromMemory` of tfjs takes it. */
export interface TfjsArtifacts {
  readonly modelTopology: object;
  readonly weightSpecs: readonly object[];
  readonly weightData: ArrayBuffer;
  readonly signature?: object;
  readonly format?: string;
  readonly generatedBy?: string;
  readonly convertedBy?: string | null;
}

/** What was found at a path. */
export type NetworkFiles = {
  /** SHA-256 of all that decides what the network computes, hexadecimal. */
  readonly sha256: string;
} & (
  | { readonly kind: 'saved-model'; readonly folder: string }
  | { readonly kind: 'graph-model' | 'layers-model'; readonly artifacts: TfjsArtifacts }
);

const maxJsonBytes = 256 * 1024 * 1024;
const maxWeightBytes = 4 * 1024 ** 3;
const mostFiles = 1000;

/** Reads a network's files. Throws a UserError if there is no network at `place`, or if it cannot be read. */
export async function readNetworkFiles(place: string): Promise<NetworkFiles> {
  const entry = await stat(place).catch(() => undefined);
  if (entry?.isFile() === true && place.endsWith('.json')) return readTfjs(place);
  if (entry?.isDirectory() === true) {
    const names = await readdir(place).catch((error: unknown) => {
      throw unreadable(place, reasonOf(error) ?? (error as Error).message);
    });
    if (names.includes('saved_model.pb')) return readSavedModel(place);
    if (names.includes('model.json')) return readTfjs(path.join(place, 'model.json'));
  }
  throw new UserError({
    code: 'no-network',
    message: `There is no network at ${place}.`,
    advice: 'Give a folder with a saved_model.pb (TensorFlow), or a model.json (tfjs).',
  });
}

async function readSavedModel(folder: string): Promise<NetworkFiles> {
  const files = ['saved_model.pb'];
  for (const part of ['assets', 'variables']) {
    const entries = await readdir(path.join(folder, part), { recursive: true, withFileTypes: true }).catch(() => []);
    const found = entries.filter((entry) => entry.isFile());
    files.push(...found.map(({ name, parentPath }) => path.relative(folder, path.join(parentPath, name))));
  }
  if (files.length > mostFiles) throw unreadable(folder, `it has ${files.length} files; ${mostFiles} are read`);
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    hash.update(`${file}\n`);
    await hashFile(hash, path.join(folder, file));
  }
  return { kind: 'saved-model', folder, sha256: hash.digest('hex') };
}

async function hashFile(hash: Hash, file: string): Promise<void> {
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, reasonOf(error) ?? (error as Error).message);
  }
}

const modelSchema = z.object({
  modelTopology: z.looseObject({}),
  format: z.enum(['graph-model', 'layers-model']).optional(),
  generatedBy: z.string().optional(),
  convertedBy: z.string().nullable().optional(),
  signature: z.looseObject({}).optional(),
  weightsManifest: z
    .array(z.object({ paths: z.array(z.string()).max(10_000), weights: z.array(z.looseObject({})) }))
    .max(10_000),
});

async function readTfjs(file: string): Promise<NetworkFiles> {
  const text = await readBounded(file, maxJsonBytes);
  let model: z.infer<typeof modelSchema>;
  try {
    model = modelSchema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    throw unreadable(file, 'it is no model.json of tfjs');
  }
  const { weightsManifest, format, ...rest } = model;
  const paths = weightsManifest.flatMap((group) => group.paths);
  const outside = paths.find((name) => path.basename(name) !== name);
  if (outside !== undefined) throw unreadable(file, `it names ${JSON.stringify(outside)}, which is in another folder`);
  const hash = createHash('sha256').update(text);
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const name of paths) {
    const part = await readBounded(path.join(path.dirname(file), name), maxWeightBytes - bytes);
    bytes += part.length;
    hash.update(part);
    parts.push(part);
  }
  return {
    kind: format ?? ('node' in model.modelTopology ? 'graph-model' : 'layers-model'),
    sha256: hash.digest('hex'),
    artifacts: {
      ...rest,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: Uint8Array.from(Buffer.concat(parts)).buffer,
    },
  };
}

async function readBounded(file: string, most: number): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > most) throw unreadable(file, `it has ${size} bytes; ${most} are read`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unreadable(file, reasonOf(error) ?? (error as Error).message);
  }
}

/** The error about a network that is there and cannot be used. */
export function unreadable(file: string, reason: string): UserError {
  return new UserError({
    code: 'network-not-usable',
    message: `The network ${file} cannot be used: ${reason}.`,
    advice: 'Give one that takes images [n, h, w, 3] or [n, h, w, 1] of float32, and returns one tensor of float32.',
  });
}
