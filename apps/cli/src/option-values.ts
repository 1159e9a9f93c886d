import { InvalidArgumentError } from 'commander';

/** Parsers of option values; each says what it expected. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1, got ${text}.`);
}

const suffixes: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6 };

/** `64000`, `320k`, `1.5M`. */
export function imageCount(text: string): number {
  const [, digits, suffix] = /^(\d[\d_]*(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
  const value = Math.round(Number(digits?.replaceAll('_', '')) * suffixes[suffix ?? '']);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected a number of images from 1, such as 64000, 320k or 1.5M, got ${text}.`);
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

/** `0-3,8`, as taskset and the kernel write it. */
export function cpuList(text: string): string {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw new InvalidArgumentError(`Expected processors such as 0-3,8, got ${text}.`);
}

/** `10.0.0.7:4000`, `eth0:4000`, `10.0.0.7`, as a link binds to it; without a port to any free one. */
export function peerAddress(text: string): string {
  const [, host, port = '*'] = /^([\w.-]+)(?::(\d{1,5}|\*))?$/.exec(text) ?? [];
  if (host !== undefined) return `tcp://${host}:${port}`;
  throw new InvalidArgumentError(`Expected HOST:PORT or HOST, an address of this machine, got ${text}.`);
}

/** As many as a line may have; what says so, the transport package, takes long to load. */
const mostFlows = 8;

export function flowCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= mostFlows) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostFlows}, got ${text}.`);
}

/** Gathers the values of an option that may be given again. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
