/** Packs a folder of pictures before a run. A run with the same options then does not pack it. */
import { mkdir, mkdtemp, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { lstmGan, programCommand, root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const usualCache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'lstm-gan');
const settings = ['generator={kind: dense, units: [16]}', 'image.size=8', 'discriminator.filters=[4]'];
const small = ['--preset', 'digits', ...settings.flatMap((setting) => ['--set', `model.${setting}`])];

let folder: string;
let photos: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-pack-'));
  photos = path.join(folder, "Ann's photos");
  for (const [k, kind] of ['sea', 'sea', 'wood'].entries()) {
    await mkdir(path.join(photos, kind), { recursive: true });
    const picture = sharp({ create: { width: 70, height: 90, channels: 3, background: '#804020' } });
    await picture.toFile(path.join(photos, kind, `${k}.png`));
  }
  await writeFile(path.join(photos, 'sea', 'torn.jpg'), 'half a picture');
});

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(folder, 'cache-'));
  for (const name of await readdir(usualCache))
    if (name.startsWith('tensorflow-')) await symlink(path.join(usualCache, name), path.join(cacheDir, name));
});

/** The packed files, with the times at which they were written. */
const packedFiles = async () => {
  const data = path.join(cacheDir, 'data');
  return Promise.all((await readdir(data)).map(async (name) => [name, (await stat(path.join(data, name))).mtimeMs]));
};

/** Runs a command that must succeed. */
async function answer(command: ReturnType<typeof lstmGan>): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr, exitCode } = await command;
  expect(exitCode, String(stderr)).toBe(0);
  return { stdout: String(stdout), stderr: String(stderr) };
}

it('says what it packed, where it lies, and which command trains on it; train and coordinator take the file', async () => {
  const options = [...small, '--data', photos, '--channels', '3', '--cache-dir', cacheDir];
  const first = await answer(lstmGan(['pack', ...options]));
  expect(first.stderr).toContain(`Packing ${photos}`);
  const files = await packedFiles();
  expect(files).toHaveLength(1);
  const [head, place, ...rest] = first.stdout.trimEnd().split('\n');
  expect(head).toBe(`Packed 3 images of ${photos} at 8x8 RGB, 2 classes.`);
  expect(place).toBe(`  file         ${path.join(cacheDir, 'data', String(files[0][0]))} (0.0 MB)`);
  expect(rest.slice(0, 2)).toEqual([
    '1 files of the data could not be used and were left out:',
    expect.stringMatching(/^ {2}sea\/torn\.jpg: \S/),
  ]);
  expect(rest[2]).toBe('To train on them:');

  const again = await answer(lstmGan(['pack', ...options]));
  expect(again.stdout.split('\n')[0]).toBe(`Packed already: 3 images of ${photos} at 8x8 RGB, 2 classes.`);
  expect(again.stderr).not.toContain('Packing');

  // The shell reads the printed command.
  const [, printed] = /^ {2}npx lstm-gan (train .*)$/.exec(rest[3]) ?? [];
  const words = await startProcess(['bash', '-c', `printf '%s\\n' ${printed}`], { reject: true });
  const train = [...String(words.stdout).split('\n'), '--steps', '1', '--workers', '1', '--out'];
  expect(train).toEqual(expect.arrayContaining([photos, cacheDir, 'model.generator={kind: dense, units: [16]}']));
  const trained = await answer(lstmGan([...train, path.join(folder, 'trained')]));
  const foreseen = await answer(lstmGan(['coordinator', ...options, '--dry-run', '--out', path.join(folder, 'none')]));
  for (const { stderr } of [trained, foreseen]) expect(stderr).not.toContain('Packing');
  expect(foreseen.stdout).toContain('3 images, 2 classes');
  expect(await packedFiles()).toEqual(files);
});

it('takes the size that train takes, and is a part of lstm-gan-coordinator too', async () => {
  const options = ['--data', photos, '--cache-dir', cacheDir];
  const { stdout, stderr } = await answer(startProcess(programCommand('coordinator', ['pack', ...options])));
  expect(stdout).toMatch(/^Packed 3 images of .* at 64x64 RGB, 2 classes\.\n/);
  expect(stdout).toContain('To train on them:\n  npx lstm-gan-coordinator --data ');
  expect(stderr).toContain('The run takes the preset stable at 64x64 RGB');
  const files = await packedFiles();
  const dry = await answer(lstmGan(['train', ...options, '--dry-run', '--out', path.join(folder, 'none')]));
  expect(dry.stderr).not.toContain('Packing');
  expect(await packedFiles()).toEqual(files);
});

it.each<[string[], string]>([
  [['--data', './nowhere'], 'There is no folder ./nowhere'],
  [['--strict-data'], 'torn.jpg cannot be used'],
  [['--data', 'PHOTOS/wood', ...small, '--set', 'model.condition.kind=label'], 'have no labels'],
  [['--steps', '5'], "unknown option '--steps'"],
])('answers %j with a sentence', async (parameters, sentence) => {
  const given = parameters.map((word) => word.replace('PHOTOS', photos));
  const data = given.includes('--data') ? [] : ['--data', photos];
  const { exitCode, stderr } = await lstmGan(['pack', ...data, ...given, '--cache-dir', cacheDir], { cwd: root });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)]);
});
