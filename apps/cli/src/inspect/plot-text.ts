/** Draws a curve in a terminal with braille characters, each of which is two dots wide and four dots high. */
import { rangeOf, type CurvePoint } from './loss-curve.ts';

export interface TextSize {
  /** The width in characters, including the axis. */
  readonly width: number;
  readonly height: number;
}

const labelWidth = 8;
// The bits of a braille character's dots, by row and column (Unicode 2800).
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/**
 * Returns lines of text: the title, the curve of the means, its axis, and below the axis the numbers of the first and
 * the last step.
 */
export function plotText(title: string, curve: readonly CurvePoint[], { width, height }: TextSize): string[] {
  const columns = Math.max(1, width - labelWidth - 2);
  const letters = Array.from({ length: height }, () => new Uint8Array(columns));
  const [least, most] = rangeOf(curve.map(({ mean }) => mean));
  for (const { x, y } of dotsOf(curve, 2 * columns, 4 * height, [least, most]))
    letters[y >> 2][x >> 1] |= dotBits[y & 3][x & 1];
  const rows = letters.map((row, y) => {
    const label = y === 0 ? most : y === height - 1 ? least : undefined;
    const text = label === undefined ? '' : label.toPrecision(4);
    return `${text.padStart(labelWidth)} ┤${String.fromCharCode(...[...row].map((bits) => (bits === 0 ? 0x20 : 0x2800 + bits)))}`.trimEnd();
  });
  const [first, last] = [curve[0], curve[curve.length - 1]].map(({ step }) => `step ${Math.round(step)}`);
  const axis = `${' '.repeat(labelWidth + 1)}└${'─'.repeat(columns)}`;
  const ends = curve.length === 1 ? first : first + last.padStart(columns - first.length);
  return [`${' '.repeat(labelWidth + 2)}${title}`, ...rows, axis, `${' '.repeat(labelWidth + 2)}${ends}`];
}

/**
 * Returns the dots of a continuous line through all points. Each column has a dot, and dots fill the gap between the
 * heights of two neighbouring columns.
 */
function dotsOf(
  curve: readonly CurvePoint[],
  columns: number,
  rows: number,
  [least, most]: readonly [number, number],
): { x: number; y: number }[] {
  const heightAt = (x: number): number => {
    const place = curve.length === 1 ? 0 : (x / (columns - 1)) * (curve.length - 1);
    const [before, after] = [curve[Math.floor(place)], curve[Math.ceil(place)]];
    const value = before.mean + (after.mean - before.mean) * (place - Math.floor(place));
    return Math.round(((most - value) / (most - least)) * (rows - 1));
  };
  const dots: { x: number; y: number }[] = [];
  let previous = heightAt(0);
  for (let x = 0; x < columns; x++) {
    const y = heightAt(x);
    // Adds dots to this column, from its own height to just before the previous column's height.
    const step = Math.sign(previous - y);
    for (let between = y; between !== previous; between += step) dots.push({ x, y: between });
    if (y === previous) dots.push({ x, y });
    previous = y;
  }
  return dots;
}
