/** Trains on a folder of pictures of mixed sizes and formats, one of them broken. */
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { lstmGan, summaryOf } from '../support/command-line.ts';

let folder: string;
let photos: string;
const train = (out: string, ...parameters: string[]) =>
  lstmGan([
    'train',
    '--preset',
    'rows',
    '--data',
    photos,
    '--out',
    path.join(folder, out),
    '--steps',
    '2',
    '--workers',
    '1',
    ...parameters,
  ]);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-own-data-'));
  photos = path.join(folder, 'photos');
  for (const kind of ['sea', 'wood']) await mkdir(path.join(photos, kind), { recursive: true });
  for (let i = 0; i < 40; i++) {
    // Two pixels, stretched: dark on the left, bright on the right.
    const twoPixels = Buffer.from([i * 6, 0, 0, 255, 255 - i * 6, 255]);
    const image = sharp(twoPixels, { raw: { width: 2, height: 1, channels: 3 } }).resize(30 + 7 * i, 200 - 3 * i, {
      fit: 'fill',
    });
    await image.toFile(path.join(photos, i % 2 === 0 ? 'sea' : 'wood', `${i}.${['jpg', 'png', 'webp'][i % 3]}`));
  }
  await writeFile(path.join(photos, 'sea', 'torn.jpg'), 'half a picture');
});

it('trains on the folder, and names unreadable files at the end and in the log', async () => {
  const { stdout, exitCode } = await train('run');
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain('--preset article');
  expect(stdout).toMatch(/1 files of the data could not be used and were left out:\n {2}sea\/torn\.jpg: \S/);
  expect(await readFile(path.join(folder, 'run', 'log.jsonl'), 'utf8')).toContain('"file":"sea/torn.jpg"');
  const config = JSON.parse(await readFile(path.join(folder, 'run', 'config.json'), 'utf8')) as { data: string };
  expect(config.data).toBe(photos);
});

it('states a default length by images and passes, whatever the batch size, and once the time that it takes', async () => {
  const settings = ['generator={kind: dense, units: [16]}', 'image.size=8', 'discriminator.filters=[4]'];
  const model = settings.flatMap((setting) => ['--set', `model.${setting}`]);
  for (const [batchSize, steps] of [
    [16, 5600],
    [64, 1400],
  ]) {
    const out = path.join(folder, `default-${batchSize}`);
    const parameters = ['--batch-size', String(batchSize), '--workers', '1', '--data', photos, '--out', out];
    const running = lstmGan(['train', '--preset', 'digits', ...model, ...parameters]);
    running.stderr?.on('data', (chunk: Buffer) => void (chunk.includes('until step') && running.kill('SIGINT')));
    const { stderr } = await running;
    expect(stderr).toContain(`Training on 40 images, up to step ${steps}: 89,600 images, 2,240 passes.`);
    expect(stderr).toContain(
      'This length is the default for a folder: 200 passes over the images, but at least 100,000',
    );
    expect(stderr).toMatch(new RegExp(`A step takes \\d+ ms: about .* until step ${steps}\\.`));
  }
  const twice = [
    'train',
    '--preset',
    'digits',
    ...model,
    '--data',
    photos,
    '--out',
    path.join(folder, 'twice'),
    '--epochs',
    '2',
    '--json',
  ];
  const { stdout, stderr } = await lstmGan([...twice, '--batch-size', '16', '--workers', '1']);
  expect(summaryOf(stdout).step).toBe(5);
  expect(stderr).not.toContain('This length is the default');
});

it('takes stable at the size of the pictures if no preset is given, and says so and what changes it', async () => {
  const sizes = path.join(folder, 'sizes');
  const write = (name: string, side: number, channels: 1 | 3, count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => {
        await mkdir(path.join(sizes, name), { recursive: true });
        const noise = Buffer.from(
          Array.from({ length: channels * side * (side + 9) }, (_value, k) => (k * (i + 7)) % 256),
        );
        const image = sharp(noise, { raw: { width: side + 9, height: side, channels } });
        await (channels === 1 ? image.toColourspace('b-w') : image).toFile(path.join(sizes, name, `${side}-${i}.png`));
      }),
    );
  await write('small', 20, 3, 2);
  await write('gray', 100, 1, 3);
  await write('large', 300, 3, 3);
  // The median is the side of most pictures; one picture in colour makes all RGB.
  await write('mixed', 70, 1, 3);
  await write('mixed', 20, 3, 1);
  const configOf = async (data: string, ...more: string[]) => {
    const { stdout, stderr } = await lstmGan(['train', '--data', data, '--print-config', ...more]);
    const valueOf = (key: string) => new RegExp(`^ *${key}: (\\w+)`, 'm').exec(String(stdout))?.[1];
    return { chosen: ['preset', 'size', 'channels'].map(valueOf), stderr };
  };
  for (const [name, side, size, channels] of [
    ['small', 20, 32, 3],
    ['gray', 100, 64, 1],
    ['large', 300, 128, 3],
    ['mixed', 70, 64, 3],
  ] as const) {
    const { chosen, stderr } = await configOf(path.join(sizes, name));
    expect(chosen).toEqual(['stable', String(size), String(channels)]);
    expect(stderr).toMatch(
      new RegExp(
        `^The run takes the preset stable at ${size}x${size} ${channels === 1 ? 'gray' : 'RGB'}, because no --preset .* ${side} pixels .*--set model\\.image\\.size=N .*--channels`,
      ),
    );
  }
  const gray = path.join(sizes, 'gray');
  const own = await configOf(gray, '--set', 'model.image.size=32', '--channels', '3');
  expect(own.chosen).toEqual(['stable', '32', '3']);
  expect(own.stderr).toContain('stable at 32x32 RGB');
  const named = await configOf(gray, '--preset', 'digits');
  expect(named).toEqual({ chosen: ['digits', '32', '1'], stderr: '' });
  const byName = await configOf('emoji');
  expect([byName.chosen[0], byName.stderr]).toEqual(['digits', '']);

  const out = path.join(folder, 'fitted');
  const trained = await lstmGan([
    'train',
    '--data',
    gray,
    '--out',
    out,
    '--steps',
    '1',
    '--workers',
    '1',
    '--batch-size',
    '16',
  ]);
  expect([trained.exitCode, trained.stderr]).toEqual([0, expect.stringContaining('stable at 64x64 gray')]);
  const { width, channels } = await sharp(path.join(out, 'samples', 'reals.png')).metadata();
  // Two rows of two pictures, with margins.
  expect([width, channels]).toEqual([2 * 66 + 2, 1]);
});

it('gives other weights if images are flipped, and one-channel images if they are to be gray', async () => {
  const plain = summaryOf((await train('plain', '--json')).stdout);
  const flipped = summaryOf((await train('flipped', '--json', '--flip')).stdout);
  expect(flipped.weightsSha256).not.toBe(plain.weightsSha256);
  await train('gray', '--channels', '1');
  const grid = await sharp(path.join(folder, 'gray', 'samples', 'step-00000002.png')).metadata();
  expect(grid.channels).toBe(1);
});

it('trains with the folders as classes, and draws the class that one asks for', async () => {
  const withLabels = ['--set', 'model.condition.kind=label'];
  expect((await train('classes', ...withLabels)).exitCode).toBe(0);
  const run = path.join(folder, 'classes');
  expect(JSON.parse(await readFile(path.join(run, 'config.json'), 'utf8'))).toMatchObject({
    model: { condition: { kind: 'label', classes: 2, embedding: 8 } },
    classes: [
      { name: 'sea', images: 20 },
      { name: 'wood', images: 20 },
    ],
  });
  // A row of eight images for each class.
  const grid = await sharp(path.join(run, 'samples', 'step-00000002.png')).metadata();
  expect([grid.width, grid.height]).toEqual([8 * 66 + 2, 2 * 66 + 2]);

  const draw = async (name: string) => {
    const out = path.join(folder, `${name}.png`);
    expect((await lstmGan(['sample', run, '--class', name, '--count', '2', '--out', out])).exitCode).toBe(0);
    return readFile(out);
  };
  expect(await draw('sea')).not.toEqual(await draw('wood'));
  const unknown = await lstmGan(['sample', run, '--class', 'see', '--out', 'x.png']);
  expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringContaining('Did you mean sea?')]);

  const flat = await train('flat', ...withLabels, '--data', path.join(photos, 'sea'));
  expect([flat.exitCode, flat.stderr]).toEqual([2, expect.stringContaining('have no labels')]);
  await expect(access(path.join(folder, 'flat'))).rejects.toThrow('ENOENT');

  await rename(path.join(photos, 'wood'), path.join(photos, 'woods'));
  const renamed = await lstmGan(['train', '--resume', run, '--steps', '3', '--workers', '1']);
  expect([renamed.exitCode, renamed.stderr]).toEqual([2, expect.stringContaining('config classes was')]);
  await rename(path.join(photos, 'woods'), path.join(photos, 'wood'));
});

it('the folder may have moved when the run is resumed, but its files must be the same', async () => {
  await train('moved');
  const elsewhere = path.join(folder, 'elsewhere');
  await rename(photos, elsewhere);
  const goOn = (...more: string[]) =>
    lstmGan(['train', '--resume', path.join(folder, 'moved'), '--steps', '3', '--workers', '1', ...more]);
  const missing = await goOn();
  expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining(`There is no folder ${photos}.`)]);
  expect((await goOn('--data', elsewhere)).exitCode).toBe(0);
  await rm(path.join(elsewhere, 'sea', '0.jpg'));
  const changed = await lstmGan([
    'train',
    '--resume',
    path.join(folder, 'moved'),
    '--steps',
    '4',
    '--workers',
    '1',
    '--data',
    elsewhere,
  ]);
  expect([changed.exitCode, changed.stderr]).toEqual([
    2,
    expect.stringContaining('would not go on with the same bits: the data was'),
  ]);
  await rename(elsewhere, photos);
});

it.each<[string[], string]>([
  [['--strict-data'], 'torn.jpg cannot be used'],
  [['--channels', '2'], 'Expected 1 (gray) or 3 (colour), got 2'],
  [['--data', './nowhere'], 'There is no folder ./nowhere'],
])('answers %j with a sentence', async (parameters, sentence) => {
  const { exitCode, stderr } = await train('refused', ...parameters);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)]);
});
