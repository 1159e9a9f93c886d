/** Parsers for option values, shared by several programs. Each parser throws an error that says what it expects. */
import { InvalidArgumentError } from 'commander';

/** Reads a whole number that is 1 or more. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1, got ${text}.`);
}

/** Reads an unsigned whole number of at most 32 bits. */
export function seed(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  const several = /^\d+\s*[,-]/.test(text) ? ' Give the command once for each seed.' : '';
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${0xffffffff}, got ${text}.${several}`);
}

/** Reads a number of seconds, 0 or more. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError(`Expected a number of seconds from 0, got ${text}.`);
}
