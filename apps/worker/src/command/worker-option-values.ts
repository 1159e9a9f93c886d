/**
 * Parsers for the values of options that only the worker's command has. Each parser throws an error that says which
 * values it expects.
 */
import { InvalidArgumentError } from 'commander';

/** Reads a list of processors such as `0-3,8`, as taskset and the kernel write it. */
export function cpuList(text: string): string {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw new InvalidArgumentError(`Expected processors such as 0-3,8, got ${text}.`);
}

/**
 * Reads `10.0.0.7:4000`, `[fd00::7]:4000`, `eth0:4000` or `10.0.0.7` as an address to bind to. An address without a port takes any free
 * port.
 */
export function peerAddress(text: string): string {
  const [, host, port = '*'] = /^([\w.-]+|\[[\w:.%]+\])(?::(\d{1,5}|\*))?$/.exec(text) ?? [];
  if (host !== undefined) return `tcp://${host}:${port}`;
  throw new InvalidArgumentError(`Expected HOST:PORT or HOST, an address of this machine, got ${text}.`);
}

/**
 * The largest number of flows (TCP connections) that a connection may have. The transport package defines the same
 * number. That package is not imported, because it takes long to load. A test compares the two numbers.
 */
const mostFlows = 8;

export function flowCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= mostFlows) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostFlows}, got ${text}.`);
}
