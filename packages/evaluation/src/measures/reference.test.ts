/**
 * Compares the measures with the numbers of torch-fidelity, prdc and scipy on given features. tools/golden computed
 * these numbers; test/golden computes them again where Python has the libraries.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { featureDiversity } from './feature-diversity.ts';
import { frechetDistance } from './frechet-distance.ts';
import { kernelDistance, kernelDistanceOf, type SubsetPair } from './kernel-distance.ts';
import { nearestRows } from './nearest-rows.ts';
import { neighbourMeasures } from './neighbour-measures.ts';

interface Case {
  readonly name: string;
  readonly width: number;
  readonly real: number[];
  readonly samples: number[];
  readonly frechet: { readonly scipy: number; readonly torchFidelity: number };
  readonly kernel: { readonly subsets: SubsetPair[]; readonly mean: number; readonly deviation: number };
  readonly neighbours: Readonly<Record<'3' | '5', Readonly<Record<string, number>>>>;
  readonly diversity: number;
  readonly nearest: { readonly index: number[]; readonly distance: number[] };
}

const file = new URL('../../../../test/fixtures/evaluation/values.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

const expectNear = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected), `${actual} is not ${expected}`).toBeLessThanOrEqual(1e-6 * Math.abs(expected));

describe.each(cases)('$name', (stored) => {
  const real = { values: Float64Array.from(stored.real), width: stored.width };
  const samples = { values: Float64Array.from(stored.samples), width: stored.width };

  it('has the Frechet distance of scipy and of torch-fidelity', async () => {
    expectNear(await frechetDistance(samples, real), stored.frechet.scipy);
    expectNear(await frechetDistance(real, samples), stored.frechet.torchFidelity);
  });

  it('has the kernel distance of torch-fidelity on the same subsets', async () => {
    const { mean, deviation } = await kernelDistanceOf(real, samples, stored.kernel.subsets);
    expectNear(mean, stored.kernel.mean);
    expectNear(deviation, stored.kernel.deviation);
  });

  it.each([3, 5] as const)('has the precision, recall, density and coverage of prdc, k = %s', async (k) => {
    const found = { ...(await neighbourMeasures(real, samples, k)) } as Record<string, number>;
    const expected = stored.neighbours[`${k}`];
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expectNear(found[name], value);
  });

  it('has the mean distance and the nearest rows of scipy', async () => {
    expectNear(await featureDiversity(samples), stored.diversity);
    const nearest = await nearestRows(samples, real);
    expect(nearest.map(({ index }) => index)).toEqual(stored.nearest.index);
    for (const [k, { distance }] of nearest.entries()) expectNear(distance, stored.nearest.distance[k]);
  });

  it('gives the same numbers for float32 features, to 1e-3', async () => {
    const [x, y] = [real, samples].map(({ values, width }) => ({ values: Float32Array.from(values), width }));
    expect((await frechetDistance(x, y)) / stored.frechet.scipy).toBeCloseTo(1, 3);
    expect((await kernelDistanceOf(x, y, stored.kernel.subsets)).mean / stored.kernel.mean).toBeCloseTo(1, 3);
  });
});

/** Numbers from -1 to 1 that depend on their places only. */
const made = (rows: number, width: number, shift = 0) => ({
  values: Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i * i * 0.37 + shift) + shift),
  width,
});

it('computes strips of more rows than a block like a single one', async () => {
  const [x, y] = [made(300, 5), made(280, 5, 0.3)];
  const all = await neighbourMeasures(x, y, 3);
  const distances = (a: typeof x, b: typeof x): number[][] =>
    Array.from({ length: a.values.length / 5 }, (_, i) =>
      Array.from({ length: b.values.length / 5 }, (_, j) =>
        Math.hypot(...[0, 1, 2, 3, 4].map((k) => a.values[i * 5 + k] - b.values[j * 5 + k])),
      ),
    );
  const radii = (a: typeof x): number[] => distances(a, a).map((row) => row.sort((p, q) => p - q)[3]);
  const [between, ofReal, ofSamples] = [distances(x, y), radii(x), radii(y)];
  expect(all.coverage).toBe(between.filter((row, i) => row.some((d) => d < ofReal[i])).length / 300);
  expect(all.recall).toBe(between.filter((row) => row.some((d, j) => d < ofSamples[j])).length / 300);
  const nearest = await nearestRows(x, x);
  const other = distances(x, x).map((row, i) => row.map((d, j) => (i === j ? Infinity : d)));
  expect(nearest.map(({ index }) => index)).toEqual(other.map((row) => row.indexOf(Math.min(...row))));
});

it('draws the subsets of a kernel distance by the seed', async () => {
  const [x, y] = [made(40, 4), made(50, 4, 0.5)];
  const first = await kernelDistance(x, y, 1);
  expect(await kernelDistance(x, y, 1)).toEqual(first);
  expect((await kernelDistance(x, y, 2)).mean).not.toBe(first.mean);
  expect(first.deviation).toBeGreaterThan(0);
});

it('refuses too few rows, with a sentence', async () => {
  await expect(frechetDistance(made(1, 4), made(5, 4))).rejects.toThrow('needs at least 2 images; there is 1');
  await expect(neighbourMeasures(made(9, 4), made(5, 4), 5)).rejects.toThrow('needs more than 5 images; there are 5');
});

it('says how many rows are done, up to all', async () => {
  for (const measure of [
    (onRows: (done: number, total: number) => void) => kernelDistance(made(300, 4), made(300, 4, 1), 1, onRows),
    (onRows: (done: number, total: number) => void) => neighbourMeasures(made(300, 4), made(300, 4, 1), 3, onRows),
  ]) {
    const steps: number[] = [];
    await measure((done, total) => void steps.push(done / total));
    expect(steps.length).toBeGreaterThan(6);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
  }
});
