/**
 * `doctor --write-bits` and `--compare-bits`: hashes of every value that the units of training compute on a fixed
 * input, in a file. Two such files, written on two machines or with two settings, show which operations give different
 * bits.
 */
import { readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import { createPhaseUnits, type Unit } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { hashValues, type Provisioned } from '@lstm-gan/engine';
import type { RunConfig } from '@lstm-gan/run';
import { adviceOf, reasonOf } from '@lstm-gan/system';
import { z } from 'zod';

/** Text that is safe to print on a terminal: the file may come from another machine. */
const textSchema = z.string().regex(/^\P{C}*$/u, 'must have no control characters');
const valueSchema = z.strictObject({
  value: textSchema,
  operation: textSchema,
  reads: z.array(textSchema).readonly(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const bitsSchema = z.strictObject({
  processor: textSchema,
  node: textSchema,
  threads: z.int(),
  /** The environment variables that change what TensorFlow computes with. */
  environment: z.record(textSchema, textSchema),
  preset: textSchema,
  units: z.record(textSchema, z.array(valueSchema)).refine((units) => Object.keys(units).length > 0, 'has no units'),
});

/** The contents of a file of `--write-bits`. */
export type Bits = z.infer<typeof bitsSchema>;

/** The largest file that is read. The limit is generous: the file of the largest preset has 300 KB. */
const mostBytes = 16 * 2 ** 20;

/** Computes the hashes of a preset's units on this machine's processor. */
export async function computeBits(
  provisioned: Provisioned,
  preset: string,
  config: RunConfig,
  threads: number,
): Promise<Bits> {
  const units: Bits['units'] = {};
  for (const unit of Object.values(createPhaseUnits(config.model, config.shardSize)) as Unit[])
    units[unit.name] = await hashValues(unit, provisioned, threads);
  const chosen = Object.entries(process.env).filter(([name]) =>
    /^((ONEDNN|DNNL|TF_ENABLE|TF_DETERMINISTIC)_|LSTM_GAN_VECTORS$)/.test(name),
  );
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    node: process.versions.node,
    threads,
    environment: Object.fromEntries(chosen.map(([name, value]) => [name, value ?? ''])),
    preset,
    units,
  };
}

/** Reads a file of `--write-bits`. Throws a UserError if it is not one. */
export async function readBits(file: string): Promise<Bits> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new UserError({
      code: 'bits-file',
      message: `${file} is no file of lstm-gan doctor --write-bits: ${reason}.`,
      advice: adviceOf(cause, 'Write one on each machine: lstm-gan doctor --write-bits FILE.'),
      cause,
    });
  };
  const found = await stat(file).catch((cause: unknown) => refuse(`it cannot be read: ${reasonOf(cause)}`, cause));
  if (!found.isFile()) refuse('it is not a file');
  const { size } = found;
  if (size > mostBytes) refuse(`it has ${size} bytes, expected at most ${mostBytes}`);
  const text = await readFile(file, 'utf8').catch((cause: unknown) =>
    refuse(`it cannot be read: ${reasonOf(cause)}`, cause),
  );
  try {
    return bitsSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      return refuse(`${issue?.path.join('.')}: ${issue?.message}`, error);
    }
    return refuse('it is not JSON', error);
  }
}

/** How many values of a unit differ between two files, and where the difference begins. */
export interface UnitComparison {
  readonly unit: string;
  readonly valueCount: number;
  readonly differing: number;
  /**
   * The values at which the bits begin to differ: such a value differs between the files, but all values that it is
   * computed from are equal. One line for each, for example `MatMul_7 = MatMul(Reshape_3, Slice_5)`.
   */
  readonly origins: readonly string[];
}

/** Compares two files, unit by unit. Throws a UserError if they are not from the same program and preset. */
export function compareBits(a: Bits, b: Bits): UnitComparison[] {
  if (a.preset !== b.preset)
    throw incomparable(`one is of preset ${a.preset}, the other of ${b.preset}`, 'Write both with the same --preset.');
  const unitsOf = ({ units }: Bits): string => Object.keys(units).sort().join(', ');
  if (unitsOf(a) !== unitsOf(b))
    throw incomparable(
      `one has the units ${unitsOf(a)}, the other ${unitsOf(b)}`,
      'Write both with the same version of lstm-gan.',
    );
  return Object.entries(a.units).map(([unit, values]) => {
    const others = new Map(b.units[unit].map((other) => [other.value, other.sha256]));
    if (values.length !== others.size || values.some(({ value }) => !others.has(value)))
      throw incomparable(`${unit} consists of other operations`, 'Write both with the same version of lstm-gan.');
    const differing = values.filter(({ value, sha256 }) => others.get(value) !== sha256);
    const names = new Set(differing.map(({ value }) => value));
    const origins = differing.filter(({ reads }) => !reads.some((name) => names.has(name)));
    return {
      unit,
      valueCount: values.length,
      differing: differing.length,
      origins: origins.map(({ value, operation, reads }) => `${value} = ${operation}(${reads.join(', ')})`),
    };
  });
}

function incomparable(reason: string, advice: string): UserError {
  return new UserError({ code: 'bits-file', message: `The two files cannot be compared: ${reason}.`, advice });
}

/** Returns one line that says on what machine and with what settings a file was written. */
export function describeBits({ processor, node, threads, environment, preset }: Bits): string {
  const variables = Object.entries(environment).map(([name, value]) => `, ${name}=${value}`);
  return `${preset}, ${threads} thread${threads === 1 ? '' : 's'}, ${processor}, Node ${node}${variables.join('')}`;
}

/** Returns the result of a comparison as lines for people. */
export function comparisonLines(comparisons: readonly UnitComparison[]): string[] {
  return comparisons.flatMap(({ unit, valueCount, differing, origins }) =>
    differing === 0
      ? [`equal   ${unit}: all ${valueCount} values`]
      : [
          `DIFFER  ${unit}: ${differing} of ${valueCount} values; these differ although what they read is equal:`,
          ...origins.map((origin) => `          ${origin}`),
        ],
  );
}
