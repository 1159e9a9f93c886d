/** What was measured of one training. */
export interface Measured {
  /** Minutes of training, without evaluation. */
  readonly minutes: number;
  /** Numbers by name, as in `lstm-gan evaluate`. */
  readonly results: Readonly<Record<string, number>>;
}

/** What was measured of the training with this seed, after so many images. */
export interface QualityRow extends Measured {
  readonly seed: number;
  readonly images: number;
}

/**
 * Lines of a Markdown table: a row for each number of images, a column for each result that every row has. A cell has
 * the mean over the seeds and, with several seeds, the least and the greatest value.
 */
export function tableOf(rows: readonly QualityRow[]): string[] {
  const images = [...new Set(rows.map((row) => row.images))].sort((a, b) => a - b);
  const names = Object.keys(rows[0]?.results ?? {}).filter((name) => rows.every(({ results }) => name in results));
  const header = ['images', 'minutes', ...names];
  const body = images.map((count) => {
    const same = rows.filter((row) => row.images === count);
    const cells = names.map((name) => spreadOf(same.map(({ results }) => results[name])));
    return [count.toLocaleString('en'), spreadOf(same.map(({ minutes }) => minutes)), ...cells];
  });
  return [header, header.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`);
}

function spreadOf(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return numberText(mean);
  return `${numberText(mean)} (${numberText(Math.min(...values))} to ${numberText(Math.max(...values))})`;
}

/** A whole number as it is, any other with three digits. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
