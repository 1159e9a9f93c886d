/** Tests docs/walkthrough.md: runs its commands in order, on its 2,000 pictures, with a small model and few steps. */
import { copyFile, mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { commandLine, root, summaryOf, type lstmGan } from '../support/command-line.ts';
import { createNetwork } from '../../tools/network/network-namespaces.ts';
import { canvasPixels, drawnAfter, servePlayground } from '../support/playground.ts';
import { startProcess } from '../support/processes.ts';

/** Options in addition to the document's, for steps of some milliseconds. */
const small = [
  'model.image.size=16',
  'model.latent=8',
  'model.discriminator.filters=[8,16]',
  'batchSize=16',
  'shardSize=4',
  'model.generator={"kind":"rows","dense":32,"steps":4,"stepSize":8,"lstm":16,"hidden":[],"base":[4,4,4],"filters":[8]}',
].flatMap((setting) => ['--set', setting]);

let folder: string;
let documented: string[];
/** The step up to which the run is trained so far. */
let reached = 0;
const more = 4;
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-walk-'));
  const text = await readFile(path.join(root, 'docs', 'walkthrough.md'), 'utf8');
  documented = [...text.matchAll(/^ {4}(?:first|second)?\$ ([^#\n]+)/gm)].map(([, command]) => command.trim());
});

afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

/**
 * Finds the command of the document that begins with `beginning` and contains `within`; there must be exactly one.
 * Returns the words of this command that follow `beginning`, with the folder of this test in place of `~`.
 */
function words(beginning: string, within = ''): string[] {
  const found = documented.filter((command) => command.startsWith(beginning) && command.includes(within));
  expect(found, `commands of docs/walkthrough.md that begin with "${beginning}" and have "${within}"`).toHaveLength(1);
  return found[0]
    .slice(beginning.length)
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^~/, folder));
}

interface Place {
  readonly cwd?: string;
  readonly enter?: readonly string[];
}

/**
 * Starts the document's command that begins with `beginning` and contains `within`. Adds the parameters `own`: if
 * --steps is given twice, the last one counts.
 */
function start(
  beginning: string,
  within = '',
  own: readonly string[] = [],
  { cwd = folder, enter = [] }: Place = {},
): ReturnType<typeof lstmGan> {
  const parameters = [...beginning.split(' '), ...words(`npx lstm-gan ${beginning}`, within), ...own];
  return startProcess([...enter, ...commandLine(parameters.filter((word) => word !== ''))], { cwd });
}

/** Options to train up to a step and end with a summary. */
const until = (step: number): string[] => ['--steps', String(step), '--json'];

async function trained(running: ReturnType<typeof lstmGan>): Promise<{ step: number; weightsSha256: string }> {
  const { stdout, stderr, exitCode } = await running;
  expect(exitCode, String(stderr)).toBe(0);
  return summaryOf(stdout);
}

/** Resolves as soon as the standard error of a process matches `wanted`, to all that was written until then. */
function heard(running: ReturnType<typeof lstmGan>, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (wanted.test(text)) resolve(text);
    });
    void running.then(() => reject(new Error(`it ended without saying ${wanted}:\n${text}`)));
  });
}

it('makes a folder of 2,000 JPEGs of mixed sizes, the same every time', async () => {
  const make = (...parameters: string[]) =>
    startProcess([process.execPath, path.join('tools', 'walkthrough', 'make-pictures.mjs'), ...parameters], {
      cwd: root,
      reject: true,
    });
  await make(...words('node tools/walkthrough/make-pictures.mjs'));
  await make(path.join(folder, 'again'), '20');
  const jpegs = async (name: string) =>
    (await readdir(path.join(folder, name), { recursive: true })).filter((file) => file.endsWith('.jpg'));
  const files = await jpegs('photos');
  expect(files).toHaveLength(2000);
  expect(new Set(files.map((file) => path.dirname(file))).size).toBe(20);
  const again = await jpegs('again');
  const sizes = new Set<string>();
  for (const file of again) {
    const [first, second] = await Promise.all(
      ['photos', 'again'].map((name) => readFile(path.join(folder, name, file))),
    );
    expect(first.equals(second), file).toBe(true);
    const { format, width, height } = await sharp(first).metadata();
    sizes.add(`${format} ${width > height ? 'across' : 'upright'} ${width}`);
  }
  expect(sizes.size).toBeGreaterThan(15);
  expect([...new Set([...sizes].map((size) => size.split(' ').slice(0, 2).join(' ')))].sort()).toEqual([
    'jpeg across',
    'jpeg upright',
  ]);
});

it('trains, stops at Ctrl-C, and after resuming with other numbers of workers has the weights of a run that never stopped', async () => {
  const running = start('train', '--out runs/photos', [...small, '--steps', '1000000']);
  await heard(running, /Training step \d/);
  running.kill('SIGINT');
  const { stdout, exitCode } = await running;
  expect(exitCode).toBe(0);
  reached = Number(/Stopped after step (\d+)/.exec(String(stdout))?.[1]) + more;
  const wanted = { step: reached, weightsSha256: expect.any(String) };
  const goneOn = await trained(start('train --resume runs/photos', '--workers 3', until(reached)));
  expect(goneOn).toMatchObject(wanted);
  expect(await trained(start('train', '--out runs/straight', [...small, ...until(reached)]))).toMatchObject({
    ...wanted,
    weightsSha256: goneOn.weightsSha256,
  });
});

it('resumes with a second machine that has a copy of the key file, and gives the same weights', async (context) => {
  const network = await createNetwork({ machines: 1 });
  if (network === undefined) return context.skip('this machine allows no network namespaces');
  undo.push(() => network.remove());
  reached += more;
  const coordinator = start('coordinator --resume runs/photos', '', until(reached), { enter: network.hub.enter });
  const said = await heard(coordinator, /--key-file (\S+)/);
  const [, address, keyFile] = /--connect (\S+) --key-file (\S+)/.exec(said) as RegExpExecArray;
  const second = path.join(folder, 'second');
  await mkdir(second);
  await copyFile(keyFile, path.join(second, 'worker.key'));
  expect(words('npx lstm-gan worker')).toContain(address);
  const worker = start('worker', '', [], { cwd: second, enter: network.machines[0].enter });
  const together = await trained(coordinator);
  expect(together.step).toBe(reached);
  const { exitCode, stderr } = await worker;
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringMatching(/Ready as .* for a run of preset digits .*[^]*The run is finished\./),
  ]);
  expect(await trained(start('train --resume runs/straight', '', until(reached)))).toMatchObject({
    weightsSha256: together.weightsSha256,
  });
});

it.each([
  ['--out grid.png', 'grid.png', { format: 'png', width: 2 * (8 * 18 + 2), height: 2 * (8 * 18 + 2) }],
  ['--out between.png', 'between.png', { format: 'png' }],
  ['--animation', 'training.webp', { format: 'webp' }],
])('draws: sample %s', async (command, file, expected) => {
  const { exitCode, stdout } = await start('sample runs/photos', command);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining(file)]);
  expect(await sharp(path.join(folder, file)).metadata()).toMatchObject(expected);
});

it('inspects the run', async () => {
  const { stdout } = await start('inspect runs/photos', '');
  expect(stdout).toMatch(new RegExp(`progress +step ${reached.toLocaleString('en')},`));
});

it('opens the newest checkpoint in the page', async () => {
  const site = await servePlayground();
  undo.push(() => site.close());
  const browser = await launchChromium();
  undo.push(() => browser.close());
  const page = await browser.newPage();
  await page.goto(site.address);
  const name = (await readdir(path.join(folder, 'runs', 'photos', 'checkpoints')))
    .filter((file) => file.endsWith('.safetensors'))
    .sort()
    .at(-1) as string;
  const drawn = await drawnAfter(page, () =>
    page.setInputFiles('#file', path.join(folder, 'runs', 'photos', 'checkpoints', name)),
  );
  expect(drawn.images).toHaveLength(16 * 16 * 16 * 3);
  expect(await page.locator('#about').textContent()).toContain(`${name}: rows generator`);
  expect(new Set((await canvasPixels(page)).data).size).toBeGreaterThan(10);
});
