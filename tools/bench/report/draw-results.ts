/** Draws the results in a folder as pictures. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { barsSvg, type BarGroup } from './bars-svg.ts';
import { memorySvg, type MemorySample } from './memory-svg.ts';
import type { Spread } from './report.ts';

interface Result {
  readonly machine: string;
  readonly rows?: readonly Spread[];
}

const titles: readonly (readonly [name: string, title: string])[] = [
  ['step', 'One iteration, batch 16, 2 threads'],
  ['scaling-16', 'A step on two cores, 16 images each'],
  ['scaling-64', 'A step on two cores, 64 images each'],
  ['exchange', 'A step of rows-large whose units compute nothing; and a sum of as many numbers over gloo'],
  ['network', 'The same between machines, each on a cable of 1 Gbit/s'],
  ['startup', "From a worker's start to its first contribution"],
];

/**
 * Writes `benchmarks.svg` and `memory.svg` into the folder of the results, without the benchmarks that have no result.
 * Throws a UserError if the folder has no results at all.
 */
export async function drawResults(folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => [] as string[]);
  const groups: BarGroup[] = [];
  let machine: string | undefined;
  for (const [name, title] of titles) {
    if (!files.includes(`${name}.json`)) continue;
    const result = JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8')) as Result;
    if (result.rows === undefined || result.rows.length === 0) continue;
    machine ??= result.machine;
    groups.push({ title, rows: result.rows });
  }
  if (files.includes('memory.json')) await drawMemory(folder);
  else if (machine === undefined) {
    throw new UserError({
      code: 'usage',
      message: `${folder} has no results to draw.`,
      advice: 'Measure with --out first: npm run bench -- step --out docs/benchmarks',
    });
  }
  if (machine !== undefined) await writeFile(path.join(folder, 'benchmarks.svg'), barsSvg(groups, machine));
}

async function drawMemory(folder: string): Promise<void> {
  const { machine, samples } = JSON.parse(await readFile(path.join(folder, 'memory.json'), 'utf8')) as {
    machine: string;
    samples: MemorySample[];
  };
  await writeFile(path.join(folder, 'memory.svg'), memorySvg(samples, machine));
}
