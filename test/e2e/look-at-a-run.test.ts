/** Tests the commands that show a run or draw from it: inspect, sample, bench, completion. */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandLine, lstmGan, root, summaryOf, type RunSummary } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

let folder: string;
let run: string;
let summary: RunSummary;
const out = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-look-'));
  run = out('run');
  summary = summaryOf(
    (await lstmGan(['train', '--steps', '2', '--sample-every', '1', '--workers', '1', '--out', run, '--json'])).stdout,
  );
});

/** Runs a command that must succeed, and returns its standard output. */
async function answer(...parameters: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lstmGan(parameters);
  expect(exitCode, String(stderr)).toBe(0);
  return String(stdout);
}

describe('inspect', () => {
  it('shows a run as text, with its losses drawn', async () => {
    const text = await answer('inspect', run);
    expect(text).toMatch(/progress +step 2, 128 images/);
    expect(text).toMatch(/throughput +\d+ images\/s/);
    expect(text).toMatch(/workers: 1 take part, .*\n.*\n {2}worker-1 +[\d.]+ +\d+ % +2 +2 {2}cpu .*\n/);
    expect(text).toMatch(/generator: 1,915,393 parameters\n/);
    expect(text).toMatch(/generator's loss\n.*┤ *[\u2801-\u28ff]/);
  });

  it('shows a run and a checkpoint as JSON', async () => {
    const ofRun = JSON.parse(await answer('inspect', run, '--json')) as Record<string, unknown>;
    expect(ofRun).toMatchObject({
      kind: 'run',
      path: run,
      progress: { step: 2, durableStep: 2, losses: summary.losses },
      networks: { generator: { parameters: 1_915_393 } },
      workers: [{ name: 'worker-1', steps: 2, lastStep: 2, takesPart: true, departures: [] }],
    });
    const file = path.join(run, 'checkpoints', 'step-00000002.safetensors');
    const ofCheckpoint = JSON.parse(await answer('inspect', file, '--json')) as Record<string, unknown>;
    expect(ofCheckpoint).toMatchObject({
      kind: 'checkpoint',
      path: file,
      weightsSha256: summary.weightsSha256,
      config: ofRun['config'],
      networks: ofRun['networks'],
    });
  });

  it('draws the losses as a picture', async () => {
    await answer('inspect', run, '--out', out('losses.svg'));
    expect(await readFile(out('losses.svg'), 'utf8')).toMatch(/^<svg /);
    await answer('inspect', run, '--out', out('losses.png'));
    expect(await sharp(out('losses.png')).metadata()).toMatchObject({ format: 'png', width: 960, height: 480 });
  });
});

describe('sample', () => {
  it('interpolates in a row for each pair, between the images that the seed gives', async () => {
    await answer('sample', run, '--out', out('between.png'), '--interpolate', '5', '--count', '3');
    expect(await sharp(out('between.png')).metadata()).toMatchObject({
      width: 2 * (5 * 34 + 2),
      height: 2 * (3 * 34 + 2),
    });
    await answer('sample', run, '--out-dir', out('images'), '--count', '4', '--seed', '3');
    await answer('sample', run, '--out-dir', out('rows'), '--count', '2', '--interpolate', '3', '--seed', '3');
    const pixels = (name: string, index: number) =>
      sharp(path.join(out(name), `${String(index).padStart(6, '0')}.png`))
        .raw()
        .toBuffer();
    expect(await readdir(out('rows'))).toHaveLength(6);
    for (const [k, end] of [0, 2, 3, 5].entries())
      expect((await pixels('rows', end)).equals(await pixels('images', k))).toBe(true);
    expect((await pixels('rows', 1)).equals(await pixels('rows', 0))).toBe(false);
  });

  it.each([
    ['jpg', 'jpeg'],
    ['webp', 'webp'],
    ['png', 'png'],
  ])('writes a grid as .%s', async (ending, format) => {
    await answer('sample', run, '--out', out(`grid.${ending}`), '--count', '4');
    expect(await sharp(out(`grid.${ending}`)).metadata()).toMatchObject({ format, width: 2 * (2 * 34 + 2) });
  });

  it("draws from the checkpoint of a step, and takes a run's folder of checkpoints for the run", async () => {
    const checkpoints = path.join(run, 'checkpoints');
    await answer('sample', checkpoints, '--step', '2', '--out', out('step.png'), '--count', '4');
    expect(await answer('inspect', checkpoints)).toMatch(/progress +step 2, 128 images/);
    const { exitCode, stderr } = await lstmGan(['sample', run, '--step', '400', '--out', out('none.png')]);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/run\/checkpoints has no checkpoint of step 400; it has those of (1, )?2\.\n/),
    ]);
  });

  it.each(['gif', 'webp'])('makes a %s animation of the grids that training drew', async (format) => {
    expect(await answer('sample', run, '--animation', out(`training.${format}`))).toBe(
      `2 grids in ${out(`training.${format}`)}`,
    );
    const { pages, width, pageHeight } = await sharp(out(`training.${format}`), { animated: true }).metadata();
    const grid = await sharp(path.join(run, 'samples', 'step-00000001.png')).metadata();
    expect([pages, width, pageHeight]).toEqual([2, grid.width, grid.height]);
  });
});

it.each<[string[], string]>([
  [['inspect', 'RUN', '--out', 'losses.jpg'], 'Losses are drawn as .svg or .png; got --out losses.jpg.'],
  [['inspect', 'test'], 'test holds no run.'],
  [['sample', 'RUN'], 'Images go to --out FILE, to --out-dir FOLDER or to --animation FILE, one of the three.'],
  [['sample', 'RUN', '--animation', 'a.png'], 'An animation is a .gif or a .webp; got --animation a.png.'],
  [['sample', 'RUN', '--animation', 'a.gif', '--interpolate', '3'], '--class and --to-class do not change it.'],
  [['sample', 'RUN', '--out', 'grid.bmp'], 'A grid is written as .png, .jpg or .webp; got --out grid.bmp.'],
  [
    ['sample', 'RUN', '--out', 'no/grid.png'],
    'no/grid.png cannot be written: there is no folder no.\nMake it first (mkdir',
  ],
  [['sample', 'RUN', '--out', 'package.json/grid.png'], 'there is no folder package.json.'],
  [['sample', 'RUN', '--animation', 'no/a.gif'], 'no/a.gif cannot be written: there is no folder no.'],
  [
    ['sample', 'RUN', '--out-dir', 'package.json'],
    'package.json cannot be written: a file is where a folder should be.',
  ],
  [['inspect', 'RUN', '--out', 'no/losses.svg'], 'no/losses.svg cannot be written: there is no folder no.'],
  [['sample', 'test', '--animation', 'a.gif'], 'test/samples holds no sample grids.'],
  [['completion', 'csh'], "'csh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish."],
])('answers %j with a sentence', async (parameters, sentence) => {
  const { exitCode, stderr } = await lstmGan(parameters.map((part) => (part === 'RUN' ? run : part)));
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)]);
});

it('bench measures whole steps of training, and keeps no files', async () => {
  const own = await mkdtemp(path.join(tmpdir(), 'lstm-gan-bench-tmp-'));
  const { stdout, exitCode } = await lstmGan(['bench', '--steps', '2', '--workers', '1', '--json'], {
    env: { TMPDIR: own },
  });
  expect(exitCode).toBe(0);
  const report = JSON.parse(String(stdout)) as Record<'stepMs' | 'discriminatorMs' | 'generatorMs', { median: number }>;
  expect(report).toMatchObject({
    config: { preset: 'digits', batchSize: 64 },
    workers: 1,
    steps: 2,
    machine: { tensorflow: '2.21.0' },
  });
  for (const time of [report.discriminatorMs, report.generatorMs]) {
    expect(time.median).toBeGreaterThan(0);
    expect(time.median).toBeLessThan(report.stepMs.median);
  }
  // Tests run the sources with tsx, which makes a folder of its own in TMPDIR.
  expect((await readdir(own)).filter((name) => name.startsWith('lstm-gan'))).toEqual([]);
});

it('completion prints a script that bash accepts', async () => {
  const [program, ...parameters] = commandLine(['completion', 'bash']);
  const script = 'source <("$@"); COMP_WORDS=(lstm-gan sample --anim); COMP_CWORD=2; _lstm-gan; echo "${COMPREPLY[@]}"';
  const { stdout } = await startProcess(['bash', '--norc', '-c', script, '', program, ...parameters], { cwd: root });
  expect(stdout).toBe('--animation');
});
