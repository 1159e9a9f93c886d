/** Builds and serves the playground, and drives the page in a browser by its own controls. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { preview } from 'vite';
import { build } from './build.ts';
import { root } from './command-line.ts';

const folder = path.join(root, 'apps', 'playground');

export type BackendName = 'webgl' | 'wasm' | 'cpu';

/** What the page's `images` event tells about a drawing. */
export interface Drawn {
  readonly images: readonly number[];
  readonly backend: BackendName;
  readonly seed: number;
}

export interface Wish {
  readonly backend: BackendName;
  readonly seed: number;
  readonly count: number;
}

/** Builds the page as `npm run build` does, and serves it. */
export async function servePlayground(): Promise<{ address: string; dist: string; close(): Promise<void> }> {
  await build('@lstm-gan/playground');
  const server = await preview({ root: folder, logLevel: 'silent', preview: { port: 0, host: '127.0.0.1' } });
  return {
    address: server.resolvedUrls?.local[0] as string,
    dist: path.join(folder, 'dist'),
    close: () => server.close(),
  };
}

/** Sets the controls without making the page draw. */
export async function setControls(page: Page, wish: Partial<Wish>): Promise<void> {
  for (const [id, value] of Object.entries(wish)) {
    await page
      .locator(`#${id}`)
      .evaluate((control, text) => void ((control as HTMLInputElement).value = text), String(value));
  }
}

/** Calls `act` and waits for the drawing that it causes. */
export async function drawnAfter(page: Page, act: () => Promise<unknown>): Promise<Drawn> {
  const drawn = page.evaluate(
    () =>
      new Promise<Drawn>((resolve) => {
        const announce = (event: Event) => {
          const { images, backend, seed } = (event as CustomEvent<Drawn>).detail;
          resolve({ images: Array.from(images), backend, seed });
        };
        document.addEventListener('images', announce, { once: true });
      }),
  );
  await act();
  return drawn;
}

/** Calls `act` and waits for the error that it causes. Returns the sentence that the page shows. */
export async function errorAfter(page: Page, act: () => Promise<unknown>): Promise<string> {
  await act();
  await page.locator('#error:not([hidden])').waitFor();
  return (await page.locator('#error').textContent()) ?? '';
}

/** Reads the pixels of a page's canvas, as RGBA. */
export function canvasPixels(
  page: Page,
  selector = 'canvas',
): Promise<{ width: number; height: number; data: number[] }> {
  return page.locator(selector).evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const context = (element as HTMLCanvasElement).getContext('2d') as CanvasRenderingContext2D;
    return { width, height, data: Array.from(context.getImageData(0, 0, width, height).data) };
  });
}
