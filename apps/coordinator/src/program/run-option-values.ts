/**
 * Parsers for the values of options that only a run has. A parser throws an error that says which values it expects.
 */
import { InvalidArgumentError } from 'commander';

const suffixes: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6 };

/** Reads a number of images such as `64000`, `320k` or `1.5M`. */
export function imageCount(text: string): number {
  const [, digits, suffix] = /^(\d[\d_]*(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
  const value = Math.round(Number(digits?.replaceAll('_', '')) * suffixes[suffix ?? '']);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a number of images from 1, such as 64000, 320k or 1.5M, got ${text}.`);
}

export function channelCount(text: string): 1 | 3 {
  if (text === '1' || text === '3') return text === '1' ? 1 : 3;
  throw new InvalidArgumentError(`Expected 1 (gray) or 3 (colour), got ${text}.`);
}

/** Collects the values of an option that may be given several times. */
export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
