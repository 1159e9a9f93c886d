/**
 * Trains small models for three steps on each backend of tfjs, in Node and in a headless Chromium, and compares the
 * weights with those of tfjs's own cpu backend. Holds the table of docs/browser.md that says what trains where.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { prepareTraining } from '@lstm-gan/core';
import { setBackend } from '@tensorflow/tfjs-core';
import type { Browser, Page } from 'playwright-core';
import { build, defaultClientConditions, preview, type InlineConfig } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { root } from '../support/command-line.ts';
import type { BackendName } from '../support/playground.ts';
import { shortModels } from '../support/short-training/models.ts';
import type { TrainOn } from '../support/short-training/page.ts';
import { countRoundings, distance, tolerance } from '../support/short-training/rounding.ts';
import { trainThreeSteps, type ShortTraining } from '../support/short-training/train-three-steps.ts';

/** SwiftShader takes half a minute to compile the programs of a model. These have everything that the others have. */
const onWebgl = ['convolutional LSTM', 'all of it'];

const folder = path.join(root, 'test', 'support', 'short-training');
const pageOptions: InlineConfig = {
  root: folder,
  configFile: false,
  logLevel: 'error',
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: { outDir: path.join(root, 'test', 'dist', 'short-training'), emptyOutDir: true, target: 'es2022' },
};

interface Reference {
  readonly training: ShortTraining;
  /** How far from the reference a backend may end. */
  readonly limit: number;
}

const names = [...shortModels.keys()];
/** The trainings with tfjs's own kernels on cpu. */
const references = new Map<string, Reference>();
const inNode: Record<'cpu' | 'wasm', Map<string, Float32Array>> = { cpu: new Map(), wasm: new Map() };
let server: Awaited<ReturnType<typeof preview>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await setBackend('cpu');
  for (const [name, model] of shortModels) {
    const [training, roundings] = await countRoundings(() => trainThreeSteps(model));
    references.set(name, { training, limit: tolerance(training, roundings) });
  }
  for (const backend of ['cpu', 'wasm'] as const) {
    await setBackend(backend);
    prepareTraining();
    for (const [name, model] of shortModels) inNode[backend].set(name, (await trainThreeSteps(model)).after);
  }
  await build(pageOptions);
  server = await preview({ ...pageOptions, preview: { port: 0, host: '127.0.0.1' } });
  browser = await launchChromium();
  page = await browser.newPage();
  await page.goto(server.resolvedUrls?.local[0] as string);
  await page.waitForFunction(() => 'trainOn' in globalThis);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Trains models in the browser. Resolves to the weights of each. */
async function trainInBrowser(backend: BackendName, models: readonly string[]): Promise<Float32Array[]> {
  const trained = await page.evaluate(
    ([name, wanted]) => (globalThis as unknown as { trainOn: TrainOn }).trainOn(name, wanted),
    [backend, models] as const,
  );
  expect(trained.backend).toBe(backend);
  return trained.weights.map((weights) => Float32Array.from(weights));
}

function expectNear(name: string, weights: ArrayLike<number>): void {
  const { training, limit } = references.get(name) as Reference;
  // A training that moved the weights no further than rounding does would show nothing.
  expect(distance(training.before, training.after)).toBeGreaterThan(10_000 * limit);
  expect(distance(training.after, weights)).toBeLessThan(limit);
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it.each(names)('%s: Node reaches the weights of cpu up to float32 rounding', (name) => {
    expectNear(name, inNode[backend].get(name) as Float32Array);
  });

  it('Chromium reaches the same bits as Node', async () => {
    expect(await trainInBrowser(backend, names)).toEqual(names.map((name) => inNode[backend].get(name)));
  });
});

it.each(onWebgl)('on webgl, %s reaches the weights of cpu up to float32 rounding', async (name) => {
  const [weights] = await trainInBrowser('webgl', [name]);
  expectNear(name, weights);
});

it('docs/browser.md says what trains where', async () => {
  const text = await readFile(path.join(root, 'docs', 'browser.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([^|]+?) +\| trains +\| trains +\| (trains|trains, tested) +\|$/gm)];
  expect(rows.map(([, name]) => name)).toEqual(names);
  expect(rows.filter(([, , webgl]) => webgl === 'trains, tested').map(([, name]) => name)).toEqual(onWebgl);
});
