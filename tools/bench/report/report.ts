import { median } from '@lstm-gan/run';

/** The result of a benchmark. */
export interface Report {
  /** The result as text for people. */
  readonly lines: readonly string[];
  /** The result for programs; it is written as JSON. */
  readonly data: object;
}

/** One row of a benchmark's result: milliseconds of the median, the fastest and the slowest round. */
export interface Spread {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(name: string, times: readonly number[]): Spread {
  return { name, median: median(times), min: Math.min(...times), max: Math.max(...times) };
}

/** The head of a table of times; `row` gives its rows. */
export const heading = (last: string): string => `${''.padEnd(44)}${' median    min    max'}${last.padStart(10)}`;

export function row(name: string, times: readonly number[], last: string): string {
  const ms = (value: number): string => value.toFixed(value < 100 ? 1 : 0).padStart(7);
  return `${name.padEnd(44)}${ms(median(times))}${ms(Math.min(...times))}${ms(Math.max(...times))}${last.padStart(10)}`;
}
