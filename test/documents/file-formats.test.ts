/** Compares docs/file-formats.md with the files of a real run, and with their keys. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { openDataset } from '@lstm-gan/data';
import { createRunConfig, createRunFolder } from '@lstm-gan/run';
import { openRunKeys } from '@lstm-gan/transport';
import { presets, type Preset } from '@lstm-gan/core';
import { lstmGan } from '../support/command-line.ts';
import { documents } from '../support/documents.ts';

const text = documents.get('docs/file-formats.md') as string;
/** Returns the words in code style in one section of the document. */
const namedIn = (heading: string): string[] => {
  const part = text.split(/^#{2,3} /m).find((candidate) => candidate.startsWith(`${heading}\n`)) ?? '';
  return [...part.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word);
};

let folder: string;
let run: string;
let summary: Record<string, unknown>;
const read = (...file: string[]): Promise<string> => readFile(path.join(run, ...file), 'utf8');
const parse = (json: string): Record<string, unknown> => JSON.parse(json) as Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-formats-'));
  const photos = path.join(folder, 'photos');
  for (const [name, kind] of [
    ['a.png', 'cats'],
    ['b.png', 'dogs'],
  ]) {
    await sharp({ create: { width: 9, height: 9, channels: 3, background: '#804020' } }).toFile(
      path.join(await folderOf(photos, kind), name),
    );
  }
  await writeFile(path.join(photos, 'cats', 'torn.jpg'), 'half a picture');
  run = path.join(folder, 'run');
  const parameters = [
    'train',
    '--data',
    photos,
    '--steps',
    '9',
    '--stop-when',
    'losses.generator>0',
    '--stop-window',
    '1',
    '--workers',
    '1',
    '--out',
    run,
    '--json',
  ];
  const { stdout, stderr, exitCode } = await lstmGan(parameters);
  expect(exitCode, String(stderr)).toBe(0);
  summary = parse(String(stdout));
  await openRunKeys(path.join(run, 'keys'));
});

async function folderOf(...parts: string[]): Promise<string> {
  await mkdir(path.join(...parts), { recursive: true });
  return path.join(...parts);
}

/**
 * Returns the keys of an object. A key in `below` is replaced by the paths of the keys of its value, such as
 * `losses.generator`.
 */
function keysOf(value: Record<string, unknown>, below: readonly string[] = []): string[] {
  return Object.entries(value).flatMap(([key, child]) =>
    below.includes(key) ? Object.keys(child as object).map((inner) => `${key}.${inner}`) : [key],
  );
}

it('names every file in the folder of a run', async () => {
  const names = (await readdir(run, { withFileTypes: true })).map((entry) =>
    entry.isDirectory() ? `${entry.name}/` : entry.name,
  );
  expect(names).toEqual(expect.arrayContaining(['config.json', 'keys/', 'samples/', 'worker-1.log']));
  const [table] = /^\| in the run's folder[\s\S]*?\n\n/m.exec(text) ?? [''];
  expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});

it('names every key of a line of metrics', async () => {
  const [line] = (await read('metrics.jsonl')).split('\n').map((json) => (json === '' ? {} : parse(json)));
  const { workers, ...others } = line as { workers: Record<string, Record<string, unknown>> };
  const keys = [
    ...keysOf(others, ['losses', 'phaseMs']),
    ...Object.keys(workers['worker-1']).map((key) => `workers.NAME.${key}`),
  ];
  const named = namedIn('metrics.jsonl');
  expect(keys.filter((key) => !named.includes(key))).toEqual([]);
  const stated = [
    ...text
      .split('## metrics.jsonl')[1]
      .split('\n## ')[0]
      .matchAll(/^\| (`.*?`) \|/gm),
  ].flatMap(([, cell]) => cell.replaceAll('`', '').split(', '));
  expect(stated.sort()).toEqual([...keys].sort());
});

it.each<[string, () => Promise<string[]>]>([
  [
    'log.jsonl',
    async () =>
      (await read('log.jsonl'))
        .trim()
        .split('\n')
        .flatMap((line) => Object.keys(parse(line))),
  ],
  ['run.json', async () => Object.keys(parse(await read('run.json')))],
  ['identity.json', async () => Object.keys(parse(await read('identity.json')))],
  [
    'checkpoints/',
    async () => [
      ...Object.keys(parse(await read('checkpoints', 'best.json'))),
      ...(await readdir(path.join(run, 'checkpoints'))).filter((name) => name === 'best.json'),
    ],
  ],
  [
    'keys/',
    async () => [...(await readdir(path.join(run, 'keys'))), ...Object.keys(parse(await read('keys', 'worker.key')))],
  ],
  ['The line of --json', async () => Object.keys(summary)],
  ['run.lock', lockKeys],
  ['Packed data', footerKeys],
])('names every key in %s', async (heading, keys) => {
  const found = await keys();
  expect(found.length).toBeGreaterThan(1);
  const named = namedIn(heading);
  expect(found.filter((key) => !named.includes(key))).toEqual([]);
});

async function lockKeys(): Promise<string[]> {
  const root = path.join(folder, 'locked');
  const { release } = await createRunFolder(root, createRunConfig(presets.get('digits') as Preset));
  const lock = parse(await readFile(path.join(root, 'run.lock'), 'utf8'));
  await release();
  return Object.keys(lock);
}

/** Reads a packed file by the layout in the document. */
async function footerKeys(): Promise<string[]> {
  const cacheDir = path.join(folder, 'cache');
  (await openDataset(path.join(folder, 'photos'), { cacheDir, size: 8, channels: 3 })).close();
  const [name] = await readdir(path.join(cacheDir, 'data'));
  expect(name).toMatch(/^folder-\w+-8x3-\w+\.bin$/);
  const bytes = await readFile(path.join(cacheDir, 'data', name));
  expect(bytes.toString('latin1', bytes.length - 8)).toBe('LGANPACK');
  const length = bytes.readUInt32LE(bytes.length - 12);
  const footer = parse(bytes.toString('utf8', bytes.length - 12 - length, bytes.length - 12));
  expect(footer).toMatchObject({ count: 2, labelNames: ['cats', 'dogs'] });
  const pixelBytes = 2 * 8 * 8 * 3;
  expect([...bytes.subarray(0, 3)]).toEqual([0x80, 0x40, 0x20]);
  expect([bytes.readUInt16LE(pixelBytes), bytes.readUInt16LE(pixelBytes + 2)]).toEqual([0, 1]);
  return [...Object.keys(footer), ...Object.keys((footer['leftOut'] as object[])[0])];
}
