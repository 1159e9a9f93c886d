import { normalNoise } from '@lstm-gan/core';
import type { SumTree } from '@lstm-gan/core/fold';
import { plainArithmetic as plain, type AdamVectors, type VectorArithmetic } from '@lstm-gan/core/optimizer';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { beforeAll, expect, it } from 'vitest';
import { provisionedTensorFlow } from '../../testing/provisioned-tensorflow.ts';
import { loadNativeArithmetic } from './native-arithmetic.ts';
import type { Provisioned } from '../provision/provision.ts';

let provisioned: Provisioned;
let native: VectorArithmetic[];
beforeAll(async () => {
  provisioned = await provisionedTensorFlow();
  native = [1, 3].map((threads) => loadNativeArithmetic(provisioned, threads));
});

const size = 300_003;
const numbers = (key: number, scale: number) => normalNoise([key, 1], size).map((value) => value * scale);
const vectors = (): AdamVectors => ({
  gradientSum: numbers(1, 1e-3).map((value, i) => (i % 7 === 0 ? 0 : i % 11 === 0 ? value * 1e-30 : value)),
  weights: numbers(2, 0.05),
  firstMoments: numbers(3, 1e-3),
  secondMoments: numbers(4, 1e-3).map((value) => value * value),
  newWeights: new Float32Array(size),
  newFirstMoments: new Float32Array(size),
  newSecondMoments: new Float32Array(size),
});

it('updates by Adam with the bits of the reference, only within the range', () => {
  const options = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
  const results = [plain, ...native].map(({ adam }) => {
    const arrays = vectors();
    adam(arrays, [5, size - 3], 3, options, 0.125, 0.997);
    return arrays;
  });
  const bytes = ({ newWeights, newFirstMoments, newSecondMoments }: AdamVectors) =>
    Buffer.concat(
      [newWeights, newFirstMoments, newSecondMoments].map(({ buffer }) => Buffer.from(buffer as ArrayBuffer)),
    );
  const [expected, ...actual] = results.map(bytes);
  expect(actual.every((result) => result.equals(expected))).toBe(true);
  expect([results[1].newWeights[0], results[2].newWeights[size - 3]]).toEqual([0, 0]);
  expect(results[2].newWeights[5]).not.toBe(0);
});

it('adds and averages with the bits of the reference', () => {
  const [a, b] = [numbers(5, 1), numbers(6, 1)];
  const bits = (vector: Float32Array) => Buffer.from(vector.buffer as ArrayBuffer);
  for (const { evaluateSum, ema, finishPending } of native) {
    const [expected, actual] = [a.slice(), a.slice()];
    plain.evaluateSum([expected, b], expected);
    expect(evaluateSum([actual, b], actual)).toBe(true);
    expect(bits(actual).equals(bits(expected))).toBe(true);
    const average = ema(a, b, 0.995);
    finishPending();
    expect(bits(average).equals(bits(plain.ema(a, b, 0.995)))).toBe(true);
  }
});

const trees: [name: string, of: (k: readonly Float32Array[]) => SumTree][] = [
  ['one vector', ([a]) => a],
  [
    '((a + b) + (c + d))',
    ([a, b, c, d]) => [
      [a, b],
      [c, d],
    ],
  ],
  ['(a + (b + (c + d)))', ([a, b, c, d]) => [a, [b, [c, d]]]],
  ['(((a + b) + c) + d)', ([a, b, c, d]) => [[[a, b], c], d]],
];

it.each(trees)('adds %s in the order of the tree, alone and inside Adam', (_, of) => {
  const tree = of([11, 12, 13, 14].map((key) => numbers(key, 1e-3)));
  const options = { learningRate: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
  const [expected, ...actual] = [plain, ...native].map(({ evaluateSum, adam }) => {
    const [target, arrays] = [new Float32Array(size), { ...vectors(), gradientSum: tree }];
    expect(evaluateSum(tree, target)).toBe(true);
    expect(adam(arrays, [7, size - 1], 7, options, 0.5, 0.999)).toBe(true);
    return Buffer.concat(
      [target, arrays.newWeights, arrays.newFirstMoments, arrays.newSecondMoments].map(({ buffer }) =>
        Buffer.from(buffer as ArrayBuffer),
      ),
    );
  });
  expect(actual.every((result) => result.equals(expected))).toBe(true);
});

it('says whether the new weights of the range are finite', () => {
  const options = { learningRate: 1, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
  for (const { adam } of [plain, ...native]) {
    const arrays = vectors();
    arrays.weights[size - 1] = NaN;
    expect(adam(arrays, [0, size - 1], 1, options, 0.5, 0.999)).toBe(true);
    expect(adam(arrays, [0, size], 1, options, 0.5, 0.999)).toBe(false);
  }
});

it.each([NaN, Infinity, -Infinity])('finds %s at any position', (value) => {
  for (const { evaluateSum } of [plain, ...native]) {
    expect(evaluateSum(Float32Array.of(1, 3e38, -3e38, 1e-45), new Float32Array(4))).toBe(true);
    for (const place of [0, 17, size - 1])
      expect(evaluateSum(numbers(1, 1).fill(value, place, place + 1), new Float32Array(size))).toBe(false);
  }
});

it('refuses arrays of different lengths, and a range that is too long', () => {
  const options = { learningRate: 1, beta1: 0.5, beta2: 0.9, epsilon: 1 };
  const [{ adam, evaluateSum }] = native;
  expect(() => adam({ ...vectors(), newWeights: new Float32Array(1) }, [0, 1], 1, options, 0.5, 0.9)).toThrow(
    'one length',
  );
  expect(() => adam(vectors(), [0, size + 1], 1, options, 0.5, 0.9)).toThrow('one length');
  expect(() => evaluateSum([new Float32Array(2), new Float32Array(3)], new Float32Array(2))).toThrow('of its length');
});

it('reuses released memory', async () => {
  const [{ allocate, release }] = native;
  const first = allocate(50_001).fill(7);
  release(first);
  expect(first.length).toBe(0);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(allocate(50_001)[50_000]).toBe(7);
});

it('does not change the processors that the calling thread may use', () => {
  const allowed = (): string | undefined =>
    /Cpus_allowed_list:.*/.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[0];
  const before = allowed();
  const [, { evaluateSum }] = native;
  const sum = new Float32Array(1 << 18);
  for (let run = 0; run < 200; run++) evaluateSum(sum, sum);
  expect(allowed()).toBe(before);
});

it('copies a vector into memory that can be sent, but not one that is there', () => {
  const [{ toOutgoing, allocate }] = native;
  const vector = allocate(size);
  vector.set(numbers(1, 1));
  const outgoing = toOutgoing(vector);
  expect([outgoing, vector.length]).toEqual([numbers(1, 1), 0]);
  expect(toOutgoing(outgoing)).toBe(outgoing);
});

it('throws if there is no memory, and does not end the process', () => {
  // The address space is limited to 64 GB, so that 80 GB are too much on every machine.
  const program = `
    const { allocate } = require(${JSON.stringify(provisioned.paths.session)});
    try { allocate(8e10); } catch ({ code, message }) { console.log(code, message); }`;
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -v 64000000; exec "$0" -e "$1"', process.execPath, program], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('ERR_MEMORY no memory for 80000000000 bytes\n');
});

const turn = () => new Promise(setImmediate);

const isFull = (entry: object): boolean =>
  'detail' in entry &&
  typeof entry.detail === 'object' &&
  entry.detail !== null &&
  'kind' in entry.detail &&
  entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;

/** How many full garbage collections happened during the work. */
async function fullCollections(work: () => Promise<void>): Promise<number> {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    count += list.getEntries().filter(isFull).length;
  });
  observer.observe({ entryTypes: ['gc'] });
  await work();
  await turn();
  await turn();
  observer.disconnect();
  return count;
}

it('causes no garbage collections by released memory, but by memory that is not released', async () => {
  const [{ allocate, release }] = native;
  const rounds = (end: (array: Float32Array) => void) => async () => {
    for (let round = 0; round < 30; round++) {
      const arrays = Array.from({ length: 16 }, () => allocate(6e6));
      await turn();
      arrays.forEach(end);
      await turn();
    }
  };
  await rounds(release)();
  expect(await fullCollections(rounds(release))).toBeLessThan(3);
  expect(await fullCollections(rounds(() => undefined))).toBeGreaterThan(3);
});
