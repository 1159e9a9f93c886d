import { InvalidArgumentError } from 'commander';

/** Parsers of option values; each says what it expected. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1, got ${text}.`);
}

export function seed(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${0xffffffff}, got ${text}.`);
}

export function channelCount(text: string): 1 | 3 {
  if (text === '1' || text === '3') return text === '1' ? 1 : 3;
  throw new InvalidArgumentError(`Expected 1 (gray) or 3 (colour), got ${text}.`);
}

export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError(`Expected a number of seconds from 0, got ${text}.`);
}

/** Gathers the values of an option that may be given again. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
