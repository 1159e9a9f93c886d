/**
 * The tarball of @lstm-gan/core by itself, as npm would install it beside tfjs: what it declares, its README's examples
 * in Node and in Chromium, and how much of it a page loads.
 */
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build as bundle } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import sharp from 'sharp';
import { extract, list } from 'tar';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build } from '../support/build.ts';
import { launchChromium } from '../support/chromium.ts';
import { root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';
import { smallConfig } from '../support/small-run.ts';
import { writeVividCheckpoint } from '../support/vivid-checkpoint.ts';

const maxDrawingBytes = 120_000;
/** The file that the README's examples read. */
const checkpointName = 'step-00001400.safetensors';
/** Ends a script: tells the size of the canvas, and whether its pixels differ. */
const readCanvas = `
const { width, height } = document.querySelector('canvas');
const { data } = document.querySelector('canvas').getContext('2d').getImageData(0, 0, width, height);
window.result = { width, height, isDrawn: data.some((value, i) => i >= 4 && value !== data[i % 4]) };`;
const examplesOf = (text: string): string[] => [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code);
let folder: string;
let tarball: string;
let readme: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'lstm-gan-tarball-')));
  await build('@lstm-gan/core');
  const pack = ['npm', 'pack', '--json', '--pack-destination', folder, '--workspace', 'packages/core'];
  const { stdout } = await startProcess(pack, { cwd: root, reject: true });
  const [{ filename }] = JSON.parse(String(stdout)) as { filename: string }[];
  tarball = path.join(folder, filename);
  const installed = path.join(folder, 'node_modules', '@lstm-gan', 'core');
  await mkdir(installed, { recursive: true });
  await extract({ file: tarball, cwd: installed, strip: 1 });
  // What npm would install beside it, with the versions of the lock file. A bundler must not find the checkout.
  for (const name of ['zod', '@noble', '@tensorflow', '@types', 'seedrandom', 'long', 'node-fetch', 'sharp'])
    await symlink(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name)).catch(
      () => undefined,
    );
  readme = await readFile(path.join(installed, 'README.md'), 'utf8');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const bundled = async (code: string, external: string[]) => {
  const { outputFiles } = await bundle({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external,
    logLevel: 'error',
  });
  return outputFiles[0].text;
};

it('has a README, a licence and a list of changes, sources without tests, and nothing else', async () => {
  const files: string[] = [];
  await list({ file: tarball, onReadEntry: (entry) => void files.push(entry.path.replace(/^package\//, '')) });
  expect(files.filter((file) => !/^(dist|src)\//.test(file)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'package.json',
  ]);
  expect(files.filter((file) => /\.test\./.test(file))).toEqual([]);
});

it('passes publint, and its types are right for every import; only CommonJS must use import(), as the README says', async () => {
  const data = await readFile(tarball);
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: 'warning', strict: true });
  expect(messages.map((message) => formatMessage(message, pkg as Record<string, unknown>))).toEqual([]);
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(data)));
  if (analysis.types === false) throw new Error('The package has types.');
  // node10 is the resolution of TypeScript before `exports`.
  const others = analysis.problems.filter(
    (problem) =>
      problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
  );
  expect(others).toEqual([]);
  expect(readme).toContain('ES modules only');
});

/** The code examples of the README, in order. */
const readmeExamples = () => {
  const [train, pictures, draw, png, canvas, own] = examplesOf(readme);
  return { train, pictures, draw, png, canvas, own };
};

it("runs the README's examples in Node", async () => {
  const { train, pictures, draw, png, own } = readmeExamples();
  const run = async (code: string) => {
    const file = path.join(folder, 'example.mjs');
    await writeFile(file, code);
    return String(
      (await startProcess([process.execPath, file], { cwd: folder, reject: true, env: { FORCE_COLOR: '0' } })).stdout,
    );
  };
  const trained = await run(`${train}\nconsole.log(images.length, checkpoint.length > 1e5);`);
  const lines = trained.trim().split('\n').slice(-4);
  expect(lines[0]).toMatch(/^1 \d/);
  expect(lines[3]).toBe('256 true');
  expect((await run(`${own}\nconsole.log(firstPixel ** 2 <= 1);`)).trim().split('\n').at(-1)).toBe('true');

  await writeVividCheckpoint(smallConfig.model).then((file) => cp(file, path.join(folder, checkpointName)));
  expect((await run(`${draw}\n${png}\nconsole.log(images.length);`)).trim().split('\n').at(-1)).toBe(
    String(16 * 16 * 16),
  );
  const { data, info } = await sharp(path.join(folder, 'images.png')).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([16, 16 * 16]);
  expect(new Set(data).size).toBeGreaterThan(2);

  await mkdir(path.join(folder, 'pictures'));
  for (const [index, red] of [0, 255].entries()) {
    const background = { r: red, g: red, b: red };
    const picture = sharp({ create: { width: 40, height: 20, channels: 3, background } });
    await picture.png().toFile(path.join(folder, 'pictures', `${index}.png`));
  }
  const firsts = '[0, 1, 2].map((i) => pixelsOf(1, 3)[i * 256])';
  expect(await run(`${pictures}\nconsole.log(pixelsOf(1, 3).length, ...${firsts});`)).toBe('768 255 0 255');
});

it("runs the README's training and drawing in Chromium", async () => {
  const { train, canvas } = readmeExamples();
  const scripts = {
    train: await bundled(`${train}\nwindow.result = [images.length, checkpoint.length > 1e5];`, []),
    canvas: await bundled(`${canvas}\n${readCanvas}`, []),
  };
  const checkpoint = await readFile(await writeVividCheckpoint(smallConfig.model));
  const server = await serve(scripts, checkpoint);
  const browser = await launchChromium();
  try {
    const run = async (name: keyof typeof scripts) => {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', (error) => void failures.push(error.message));
      await page.goto(`${server.address}${name}`);
      const result = await page.waitForFunction(() => (window as { result?: unknown }).result, undefined, {
        timeout: 0,
      });
      return [await result.jsonValue(), failures];
    };
    expect(await run('train')).toEqual([[256, true], []]);
    const [drawn, failures] = await run('canvas');
    expect([drawn, failures]).toEqual([{ width: 16, height: 16 * 16, isDrawn: true }, []]);
  } finally {
    await browser.close();
    server.close();
  }
});

it('gives a page that draws at most 120 KB beside tfjs, and only what it imports', async () => {
  const tfjs = ['@tensorflow/*'];
  const drawing = await bundled("export { generate, readGenerator, sampleNoise } from '@lstm-gan/core';", tfjs);
  expect(drawing.length).toBeLessThan(maxDrawingBytes);
  // The trainer, the presets, and the checks of a file are not in what does not use them.
  expect(drawing).not.toMatch(/learningRate|handwritten digits|halfLifeImages/);
  const alone = await bundled("export { generate } from '@lstm-gan/core';", tfjs);
  expect(alone.length).toBeLessThan(drawing.length / 2);
  expect(alone).not.toMatch(/safetensors|zod|ZodMini/);
  for (const document of [readme, await readFile(path.join(root, 'docs', 'browser.md'), 'utf8')])
    expect(document.replaceAll(/\s+/g, ' ')).toContain(`at most ${maxDrawingBytes / 1000} KB`);
});

/** Serves a page for each script, by the script's name, and the checkpoint beside them. */
async function serve(
  scripts: Readonly<Record<string, string>>,
  checkpoint: Uint8Array,
): Promise<{ address: string; close(): Server }> {
  const server = createServer((request, response) => {
    const name = path.basename(request.url ?? '', '.js');
    if (name === checkpointName) return void response.end(checkpoint);
    const isScript = request.url?.endsWith('.js');
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    const page = `<!doctype html><canvas></canvas><script type="module" src="./${name}.js"></script>`;
    response.end(isScript ? scripts[name] : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { address: `http://127.0.0.1:${port}/`, close: () => server.close() };
}
