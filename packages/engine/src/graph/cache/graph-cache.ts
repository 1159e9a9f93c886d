/**
 * GraphDefs on disk, so that a worker starts without tracing, and without loading tfjs-node. A file's name is the hash
 * of all that decides its content, including the code that traces, so an outdated graph is never found. A file begins
 * with the SHA-256 of the rest: a torn or damaged file counts as absent.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Unit } from '@lstm-gan/core';
import { explainReadError, explainWriteError, removeLeftovers, writeAtomically } from '@lstm-gan/system';
import type { GraphTarget } from '../graph-target.ts';

export interface GraphCacheKey extends GraphTarget {
  readonly unit: Unit;
  readonly tensorflow: string;
  /** The digest of the code that traces: see code-digest.ts. */
  readonly code: string;
  /** Which graph of the unit: a unit that can be begun has two. */
  readonly part: 'whole' | 'begin' | 'finish';
}

const digestBytes = 32;

/** SHA-256, hexadecimal, of all that decides a GraphDef. */
export function graphKey({ unit, device, precision, stateOnDevice, tensorflow, code, part }: GraphCacheKey): string {
  const content = [
    unit.name,
    unit.identity,
    unit.inputs,
    unit.early,
    unit.lasting,
    unit.outputs,
    unit.earlyOutputs,
    device,
    precision,
    stateOnDevice,
    tensorflow,
    code,
    part,
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** The cached GraphDef; undefined if there is none, or if it is damaged. Throws a UserError if it cannot be read. */
export async function readGraph(cacheDir: string, key: string): Promise<Uint8Array | undefined> {
  const target = graphPath(cacheDir, key);
  let file: Buffer;
  try {
    file = await readFile(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explainReadError(target, error, 'Remove it, or choose another cache with --cache-dir.');
  }
  const content = file.subarray(digestBytes);
  const intact = file.length > digestBytes && sha256(content).equals(file.subarray(0, digestBytes));
  return intact ? new Uint8Array(content) : undefined;
}

/** Stores a GraphDef. A reader sees the whole file or none. Throws a UserError if it cannot be written. */
export async function writeGraph(cacheDir: string, key: string, graphDef: Uint8Array): Promise<void> {
  const target = graphPath(cacheDir, key);
  try {
    await mkdir(path.dirname(target), { recursive: true });
    removeLeftovers(path.dirname(target));
    await writeAtomically(target, [sha256(graphDef), graphDef]);
  } catch (error) {
    throw explainWriteError(target, error, 'Choose another cache with --cache-dir.');
  }
}

function graphPath(cacheDir: string, key: string): string {
  return path.join(cacheDir, 'graphs', `${key}.pb`);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
