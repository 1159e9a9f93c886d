/**
 * A run's identity: everything that decides the bits of its weights, except the training state. If two runs have equal
 * identities, they have the same weights after the same step, on any hosts and with any number of workers. A resumed
 * run must have the identity that it began with.
 */
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { z } from 'zod';
import { checkRunConfig, type RunConfig } from '@lstm-gan/core/config';
import { readIfPresent, writeAtomically, type Confirm } from '../write-atomically.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const partsSchema = z.strictObject({
  config: z.unknown().transform((value) => checkRunConfig(value)),
  /** The version of TensorFlow. */
  tensorflow: z.string(),
  /** By unit name: SHA-256 of its graph; empty for the eager engine, which has no graphs. */
  graphs: z.record(z.string(), z.union([sha256, z.literal('')])),
  /** By unit name: SHA-256 of its outputs on the fixed probe input. */
  probes: z.record(z.string(), sha256),
  /** The number of threads of each worker, if the bits depend on it. */
  threads: z.int().positive().optional(),
  /** SHA-256 of the data set's decoded pixels. */
  dataDigest: z.string(),
});

/** What decides the bits of a run, as identity.json keeps it. */
export interface RunIdentity {
  readonly config: RunConfig;
  /** TensorFlow's version. */
  readonly tensorflow: string;
  /** By unit name: SHA-256 of its GraphDef. */
  readonly graphs: Readonly<Record<string, string>>;
  /** By unit name: SHA-256 of its outputs on the fixed probe input. */
  readonly probes: Readonly<Record<string, string>>;
  /** The number of threads of each worker, if the bits depend on it (`doThreadsDecideBits`). */
  readonly threads?: number;
  /** SHA-256 of the data set's decoded pixels. */
  readonly dataDigest: string;
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
}

const fileOf = (root: string): string => path.join(root, 'identity.json');

/** The identity that the run in a folder began with. Undefined if the run ended before any worker had joined. */
export async function readRunIdentity(root: string): Promise<RunIdentity | undefined> {
  const text = await readIfPresent(fileOf(root));
  return text === undefined ? undefined : parseIdentity(fileOf(root), text);
}

/** Writes the identity of a new run into its folder. */
export async function writeRunIdentity(root: string, identity: RunIdentity, confirm?: Confirm): Promise<void> {
  await writeAtomically(fileOf(root), [`${JSON.stringify(identity, undefined, 2)}\n`], confirm);
}

/** Throws a UserError that lists the differences between the identity that a run began with and its identity now. */
export function checkRunIdentity(root: string, before: RunIdentity, now: RunIdentity): void {
  const differences = differencesOf(before, now);
  if (differences.length === 0) return;
  throw new UserError({
    code: 'identity-differs',
    message: `${root} would not go on with the same bits: ${differences.join('; ')}.`,
    advice: 'Go on where it began (same versions, same kind of device, same data), or start a new run with --out.',
  });
}

function parseIdentity(file: string, text: string): RunIdentity {
  try {
    return partsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UserError({
      code: 'identity-damaged',
      message: `${file} does not hold a run's identity.`,
      advice: 'Remove it to go on without this check.',
      cause,
    });
  }
}

/** One text for each difference. Hashes are shortened. */
function differencesOf(before: RunIdentity, now: RunIdentity): string[] {
  const differences: string[] = [];
  const compare = (what: string, a: unknown, b: unknown): void => {
    if (canonical(a) !== canonical(b)) differences.push(`${what} was ${short(a)}, now ${short(b)}`);
  };
  compare('TensorFlow', before.tensorflow, now.tensorflow);
  // An identity from before threads were a part of it does not tell them. The probes are compared all the same.
  if (before.threads !== undefined) compare('the number of threads', before.threads, now.threads);
  compare('the data', before.dataDigest, now.dataDigest);
  // The path of the data does not matter: its contents are compared by their digest.
  const keys = (Object.keys(now.config) as (keyof RunConfig)[]).filter((key) => key !== 'data');
  for (const key of keys) compare(`config ${key}`, before.config[key], now.config[key]);
  for (const unit of new Set([...Object.keys(before.graphs), ...Object.keys(now.graphs)]))
    compare(`graph ${unit}`, before.graphs[unit], now.graphs[unit]);
  for (const unit of new Set([...Object.keys(before.probes), ...Object.keys(now.probes)]))
    compare(`result of ${unit}`, before.probes[unit], now.probes[unit]);
  return differences;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent');
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}
