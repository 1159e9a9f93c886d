/** Tests the training of the playground's page in a headless Chromium. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { canvasPixels, servePlayground } from '../support/playground.ts';

/** What the page's event `trained` tells about a step. */
interface Trained {
  readonly step: number;
  readonly backend: string;
  readonly imagesSeen: number;
  readonly losses: { readonly discriminator: number; readonly generator: number };
}

let site: Awaited<ReturnType<typeof servePlayground>>;
let browser: Browser;
let page: Page;
let requests: string[] = [];

beforeAll(async () => {
  site = await servePlayground();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(site.address);
});

afterEach(() => page.close());

const button = () => page.locator('#train');

/** Calls `act`, and waits for the steps that the page trains from then on. */
async function stepsAfter(count: number, act: () => Promise<unknown>): Promise<Trained[]> {
  const trained = page.evaluate(
    (wanted) =>
      new Promise<Trained[]>((resolve) => {
        const seen: Trained[] = [];
        const listen = (event: Event) => {
          const { step, backend, imagesSeen, losses } = (event as CustomEvent<Trained>).detail;
          seen.push({ step, backend, imagesSeen, losses });
          if (seen.length < wanted) return;
          document.removeEventListener('trained', listen);
          resolve(seen);
        };
        document.addEventListener('trained', listen);
      }),
    count,
  );
  await act();
  return trained;
}

/** Starts a training, and waits for its first steps. */
async function train(backend: string, seed: number, steps: number): Promise<Trained[]> {
  await page.locator('#train-backend').selectOption(backend);
  await page.locator('#train-seed').fill(String(seed));
  return stepsAfter(steps, () => button().click());
}

async function stop(): Promise<void> {
  await button().click();
  await page.locator('#train[aria-pressed=false]').waitFor();
}

const picture = async () => (await canvasPixels(page, '#train-canvas')).data;

describe.each(['wasm', 'cpu'])('on %s', (backend) => {
  it('trains step by step, shows its losses, and draws other images after more steps', async () => {
    const [first, second] = await train(backend, 7, 2);
    expect([first, second].map(({ step, imagesSeen }) => [step, imagesSeen])).toEqual([
      [1, 16],
      [2, 32],
    ]);
    expect(first.backend).toBe(backend);
    expect(await page.locator('#train-status').textContent()).toMatch(
      new RegExp(
        `^Step \\d+, [\\d,]+ images, \\S+ a second on ${backend}\\. Losses: discriminator \\d.*, generator \\d`,
      ),
    );
    expect(await page.locator('#error').isHidden()).toBe(true);
    const { width, height } = await canvasPixels(page, '#train-canvas');
    expect([width, height]).toEqual([4 * 17 - 1, 4 * 17 - 1]);
    const before = await picture();
    // The page draws at least once in four steps.
    await stepsAfter(4, async () => undefined);
    expect(await picture()).not.toEqual(before);
  });

  it('the same seed gives the same losses, another seed others', async () => {
    const [first, second] = await train(backend, 7, 2);
    await stop();
    expect(await train(backend, 7, 2)).toEqual([first, second]);
    await stop();
    const [other] = await train(backend, 8, 1);
    expect(other.losses).not.toEqual(first.losses);
  });
});

it('stops when the button says so, and keeps the picture', async () => {
  await train('wasm', 7, 1);
  await stop();
  const [text, drawn] = [await page.locator('#train-status').textContent(), await picture()];
  // A step of this model takes less than the drawing of a hundred frames.
  await page.evaluate(async () => {
    for (let frame = 0; frame < 100; frame++) await new Promise(requestAnimationFrame);
  });
  expect(await page.locator('#train-status').textContent()).toBe(text);
  expect(await picture()).toEqual(drawn);
});

it('a visitor who does not train loads nothing of it', async () => {
  const ofTraining = () => requests.filter((url) => /start-or-stop|train-worker|\.wasm$/.test(url));
  expect(requests.some((url) => url.endsWith('.js'))).toBe(true);
  expect(ofTraining()).toEqual([]);
  await train('wasm', 7, 1);
  expect(ofTraining().length).toBeGreaterThan(1);
});
