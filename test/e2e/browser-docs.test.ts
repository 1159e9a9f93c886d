/**
 * Tests docs/browser.md: the document's code draws in a page that is bundled from the built packages, and the sizes in
 * the document are those of the bundle.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { build, preview } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleParts } from '../support/bundle-parts.ts';
import { launchChromium } from '../support/chromium.ts';
import { root } from '../support/command-line.ts';
import { canvasPixels, servePlayground } from '../support/playground.ts';
import { smallConfig } from '../support/small-run.ts';
import { writeVividCheckpoint } from '../support/vivid-checkpoint.ts';

let site: Awaited<ReturnType<typeof servePlayground>>;
let browser: Browser;
let text: string;

beforeAll(async () => {
  site = await servePlayground();
  browser = await launchChromium();
  text = await readFile(path.join(root, 'docs', 'browser.md'), 'utf8');
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

it('the code for a page of your own draws an image', async () => {
  const code = /```js\n([\s\S]*?)```/.exec(text)?.[1] as string;
  // The page must be inside the checkout: a bundler looks for packages in the folders above it.
  const folder = path.join(root, 'test', 'dist', 'page-of-your-own');
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'public'), { recursive: true });
  await writeFile(path.join(folder, 'main.js'), code);
  await writeFile(
    path.join(folder, 'index.html'),
    '<!doctype html><body><script type="module" src="./main.js"></script></body>',
  );
  await copyFile(
    await writeVividCheckpoint(smallConfig.model),
    path.join(folder, 'public', 'step-00001400.safetensors'),
  );
  await build({ root: folder, configFile: false, logLevel: 'error' });
  const server = await preview({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    preview: { port: 0, host: '127.0.0.1' },
  });
  try {
    const page = await browser.newPage();
    await page.goto(server.resolvedUrls?.local[0] as string);
    await page.locator('canvas').waitFor();
    const { width, height, data } = await canvasPixels(page);
    expect([width, height]).toEqual([16, 16]);
    expect(new Set(data.filter((_, i) => i % 4 === 0)).size).toBeGreaterThan(10);
    expect(data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
  } finally {
    await server.close();
  }
});

it('the sizes of what a visitor loads are right within 25 %', () => {
  const stated = new Map(
    [...text.matchAll(/^\| ([\w-]+) +\| (\d+) +\| (\d+) +\|$/gm)].map(([, part, kb, gzipKb]) => [
      part,
      [Number(kb), Number(gzipKb)],
    ]),
  );
  const measured = bundleParts(site.dist);
  expect([...stated.keys()].sort()).toEqual([...measured.keys()].sort());
  const wrong = [...measured].filter(([part, { bytes, gzipBytes }]) => {
    const [kb, gzipKb] = stated.get(part) as number[];
    return [bytes / 1000 / kb, gzipBytes / 1000 / gzipKb].some((ratio) => ratio > 1.25 || ratio < 0.75);
  });
  expect(wrong).toEqual([]);
});

it('the page and core stay small', () => {
  const parts = bundleParts(site.dist);
  const sum = (names: readonly string[], unit: 'bytes' | 'gzipBytes') =>
    names.reduce((total, name) => total + (parts.get(name)?.[unit] ?? NaN), 0);
  expect(sum(['page', 'core', 'zod', 'tfjs-core'], 'gzipBytes')).toBeLessThan(80_000);
  expect(sum(['page', 'core', 'zod'], 'bytes')).toBeLessThan(120_000);
  expect(text).toContain('at most 120 KB');
});
