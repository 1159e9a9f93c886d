/**
 * Tests the built page in a headless Chromium: it computes the same numbers as Node, draws these numbers as pixels, and
 * explains mistakes.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { generate, normalNoise, oneLstm, readGenerator, streamKey, type ModelConfig } from '@lstm-gan/core';
import { setBackend } from '@tensorflow/tfjs-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import {
  canvasPixels,
  drawnAfter,
  errorAfter,
  servePlayground,
  setControls,
  type BackendName,
} from '../support/playground.ts';
import { everyVariation, smallConfig } from '../support/small-run.ts';
import { writeVividCheckpoint } from '../support/vivid-checkpoint.ts';

const [seed, count] = [7, 5];
const rows = smallConfig.model;
const article: ModelConfig = {
  ...rows,
  image: { size: 16, channels: 3 },
  generator: {
    kind: 'article',
    dense: 32,
    steps: 2,
    stepSize: 16,
    lstm: 16,
    ...oneLstm,
    hidden: [32, 32],
    base: [4, 4, 4],
    filters: [8],
  },
};

const recurrent = { ...rows, generator: { ...rows.generator, ...everyVariation } } as ModelConfig;

let site: Awaited<ReturnType<typeof servePlayground>>;
let files: Record<'rows' | 'article' | 'recurrent', string>;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const requests: string[] = [];

beforeAll(async () => {
  site = await servePlayground();
  files = {
    rows: await writeVividCheckpoint(rows),
    article: await writeVividCheckpoint(article),
    recurrent: await writeVividCheckpoint(recurrent),
  };
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  page.on('request', (request) => requests.push(request.url()));
  await page.route('**/made.safetensors', (route) => route.fulfill({ path: files.rows }));
});

afterEach(() => context.close());

const choose =
  (...chosen: Parameters<Page['setInputFiles']>) =>
  () =>
    page.setInputFiles(...chosen);
const chooseBytes = (name: string, buffer: Buffer) => choose('#file', { name, mimeType: '', buffer });

async function openOn(backend: BackendName, query = ''): Promise<void> {
  await page.goto(site.address + query);
  await setControls(page, { backend, seed, count });
}

/** Computes in Node the images that a checkpoint's generator gives. */
async function expectedOf(file: string, images = count): Promise<Float32Array> {
  await setBackend('cpu');
  const { model, weights } = readGenerator(await readFile(file));
  return generate(model, weights, normalNoise(streamKey({ seed, purpose: 'sample-noise' }), images * model.latent));
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
    : Infinity;

describe.each(['webgl', 'wasm', 'cpu'] as const)('on %s', (backend) => {
  it.each(['rows', 'article', 'recurrent'] as const)(
    'the page computes the same images as Node for a %s generator, within 1e-4',
    async (name) => {
      await openOn(backend);
      const drawn = await drawnAfter(page, choose('#file', files[name]));
      const expected = await expectedOf(files[name]);
      expect(drawn.backend).toBe(backend);
      expect(expected.some((value) => value > 0.9) && expected.some((value) => value < -0.9)).toBe(true);
      expect(largestDifference(drawn.images, expected)).toBeLessThan(1e-4);
      expect(await page.locator('#status').textContent()).toContain(`Drawn on ${backend} in`);
    },
  );
});

it('draws the images side by side, each value as a pixel', async () => {
  await openOn('cpu');
  const { images } = await drawnAfter(page, choose('#file', files.article));
  const { width, height, data } = await canvasPixels(page);
  expect([width, height]).toEqual([3 * 17 - 1, 2 * 17 - 1]);
  // The pixel at x = 3, y = 5 of image 4, which is the second image of the second row.
  const [place, pixel] = [((17 + 5) * width + 17 + 3) * 4, ((4 * 16 + 5) * 16 + 3) * 3];
  const colours = images.slice(pixel, pixel + 3).map((value) => Math.round(127.5 * value + 127.5));
  expect(data.slice(place, place + 4)).toEqual([...colours, 255]);
});

it('draws on the next best backend if webgl does not start, and says so', async () => {
  await context.addInitScript(() => {
    const getContext = HTMLCanvasElement.prototype.getContext as (this: HTMLCanvasElement, kind: string) => unknown;
    Object.assign(HTMLCanvasElement.prototype, {
      getContext(this: HTMLCanvasElement, kind: string) {
        return kind.includes('webgl') ? null : getContext.call(this, kind);
      },
    });
    Object.assign(globalThis, { OffscreenCanvas: undefined });
  });
  await openOn('webgl');
  const drawn = await drawnAfter(page, choose('#file', files.rows));
  expect(drawn.backend).toBe('wasm');
  expect(largestDifference(drawn.images, await expectedOf(files.rows))).toBeLessThan(1e-4);
  expect(await page.locator('#status').textContent()).toMatch(
    /^Drawn on wasm in \d+ ms; webgl does not start in this browser\.$/,
  );
});

it('opens the file that its address names', async () => {
  await page.goto(`${site.address}?checkpoint=made.safetensors`);
  await page.locator('#studio').waitFor();
  expect(await page.locator('#about').textContent()).toBe(
    'made.safetensors: rows generator, 2,561 parameters, 16 × 16 gray',
  );
});

it('opens a file that is dropped on it', async () => {
  await openOn('cpu');
  const bytes = [...(await readFile(files.rows))];
  const drop = () =>
    page.evaluate((content) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(content)], 'dropped.safetensors'));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }, bytes);
  const drawn = await drawnAfter(page, drop);
  expect(largestDifference(drawn.images, await expectedOf(files.rows))).toBeLessThan(1e-4);
});

it('follows its controls: number of images, seed, new noise, and a walk that continues until it is stopped', async () => {
  await openOn('cpu');
  const first = await drawnAfter(page, choose('#file', files.rows));
  const fewer = await drawnAfter(page, () => page.locator('#count').fill('2'));
  expect(largestDifference(fewer.images, await expectedOf(files.rows, 2))).toBeLessThan(1e-4);
  const other = await drawnAfter(page, () => page.locator('#seed').fill('8'));
  expect(other.seed).toBe(8);
  expect(largestDifference(other.images, fewer.images)).toBeGreaterThan(0.1);
  const anew = await drawnAfter(page, () => page.locator('#new-noise').click());
  expect(anew.seed).not.toBe(other.seed);
  expect(await page.locator('#seed').inputValue()).toBe(String(anew.seed));
  const walk = page.locator('#walk');
  await drawnAfter(page, () => walk.click());
  const onTheWay = await drawnAfter(page, async () => undefined);
  expect(largestDifference(onTheWay.images, anew.images)).toBeGreaterThan(0);
  await walk.click();
  await page.locator('#walk[aria-pressed=false]').waitFor();
  const drawSeed = () => drawnAfter(page, () => page.locator('#seed').fill(String(seed)));
  let after = await drawSeed();
  // `after` may be the last drawing of the walk instead of the drawing of `seed`. Then the drawing of `seed` may have
  // come already, while the test was not waiting for a drawing. So the test asks for `seed` once more.
  if (after.seed !== seed) after = await drawSeed();
  expect(largestDifference(after.images, await expectedOf(files.rows, 2))).toBeLessThan(1e-4);
  expect(first.images.length).toBe(count * 256);
});

describe('the page explains in a sentence why it cannot draw from a file', () => {
  it('that is no checkpoint', async () => {
    await openOn('cpu');
    expect(await errorAfter(page, chooseBytes('notes.txt', Buffer.from('Dear diary, today')))).toContain(
      'This is not a sound safetensors file',
    );
    expect(await page.locator('#studio').isHidden()).toBe(true);
  });

  it('that is cut short, and keeps the model that was open before', async () => {
    await openOn('cpu');
    await drawnAfter(page, choose('#file', files.rows));
    const whole = await readFile(files.rows);
    expect(await errorAfter(page, chooseBytes('cut.safetensors', whole.subarray(0, -4)))).toContain(
      'not a sound safetensors file',
    );
    expect(await page.locator('#about').textContent()).toContain(path.basename(files.rows));
    await drawnAfter(page, choose('#file', files.article));
    expect(await page.locator('#error').isHidden()).toBe(true);
  });

  it('whose address leads nowhere, or to another site', async () => {
    const errorAt = (query: string) => errorAfter(page, () => page.goto(site.address + query));
    expect(await errorAt('?checkpoint=absent.safetensors')).toContain(
      '/absent.safetensors could not be fetched: the server answered 404.',
    );
    expect(await errorAt('?checkpoint=https://elsewhere.example/c.safetensors')).toContain(
      'loads from its own site alone',
    );
  });
});

it('all of these tests requested nothing from another site, and fetched the wasm binary from their own', () => {
  expect(requests.filter((url) => !url.startsWith(site.address) && !/^(data|blob):/.test(url))).toEqual([]);
  expect(requests.some((url) => /\/assets\/tfjs-backend-wasm[\w-]*\.wasm$/.test(url))).toBe(true);
});

it('launchChromium says what to do if no browser starts', async () => {
  const empty = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-no-browser-')), 'chromium');
  await writeFile(empty, '', { mode: 0o755 });
  await expect(launchChromium({ CHROMIUM_PATH: empty })).rejects.toThrow(
    /^The browser tests need a Chromium, and .*chromium does not start .*CHROMIUM_PATH\.$/,
  );
});
