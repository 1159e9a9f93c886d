import { median } from '@lstm-gan/run';

/** What a benchmark found, for people and for programs. */
export interface Report {
  readonly lines: readonly string[];
  readonly data: object;
}

/** The head of a table of times, and one of its rows. */
export const heading = (last: string): string => `${''.padEnd(32)}${' median    min    max'}${last.padStart(10)}`;

export function row(name: string, times: readonly number[], last: string): string {
  const ms = (value: number): string => value.toFixed(value < 100 ? 1 : 0).padStart(7);
  return `${name.padEnd(32)}${ms(median(times))}${ms(Math.min(...times))}${ms(Math.max(...times))}${last.padStart(10)}`;
}
