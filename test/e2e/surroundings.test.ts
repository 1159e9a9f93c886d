/**
 * What the system refuses is answered with a sentence that names the cause, in every command: wrong paths, full and
 * read-only disks, devices, limits of the process, folders for temporary files. "This should not happen" is for bugs.
 * The sentences for each code are tested in packages/system.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import { createRunConfig, createRunFolder, createTrainingState, writeCheckpoint } from '@lstm-gan/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine, lstmGan, programCommand, root } from '../support/command-line.ts';
import { createDisk, type Disk } from '../support/disks.ts';
import { startProcess } from '../support/processes.ts';
import { compileRefusal } from '../support/refused-opens.ts';

const digits = presets.get('digits') as Preset;
const config = createRunConfig({
  ...digits,
  model: {
    ...digits.model,
    image: { size: 8, channels: 1 },
    generator: { kind: 'dense', units: [16] },
    discriminator: { filters: [4], dropout: 0 },
  },
});
const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1', '--steps', '2'];

const longName = 'n'.repeat(300);
let folder: string;
let full: Disk;
let locked: Disk;
let refuseOpens: Awaited<ReturnType<typeof compileRefusal>>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-surroundings-'));
  const { checkpoints, release } = await createRunFolder(path.join(folder, 'run'), config);
  await writeCheckpoint(checkpoints, config, { ...createTrainingState(config), step: 1 });
  await release();
  await writeFile(path.join(folder, 'file'), 'text');
  await symlink('loop-b', path.join(folder, 'loop-a'));
  await symlink('loop-a', path.join(folder, 'loop-b'));
  const spoilt = path.join(folder, 'spoilt');
  await cp(path.join(folder, 'run'), spoilt, { recursive: true });
  await mkdir(path.join(spoilt, 'metrics.jsonl'));
  await mkdir(path.join(spoilt, 'worker-1.log'));
  full = await createDisk('size=64k');
  await writeFile(path.join(full.folder, 'fill'), Buffer.alloc(65_536));
  locked = await createDisk('ro');
  refuseOpens = await compileRefusal();
});
afterAll(async () => {
  await full.remove();
  await locked.remove();
});

/** Replaces FOLDER, FULL, LOCKED and LONG in a row of the table. */
const place = (text: string): string =>
  text
    .replaceAll('FOLDER', folder)
    .replaceAll('FULL', full.folder)
    .replaceAll('LOCKED', locked.folder)
    .replaceAll('LONG', longName);

/** A command for each way in which a program reads and writes; and what it says on standard error. */
it.each<[code: string, command: string, sentence: string]>([
  [
    'ENOENT',
    'worker --connect tcp://127.0.0.1:1 --key-file FOLDER/none --patience 0',
    'none cannot be read: it does not exist.',
  ],
  ['ENOENT', 'train --config FOLDER/none --print-config', 'none cannot be read: it does not exist.'],
  ['ENOTDIR', 'train --resume FOLDER/file', 'FOLDER/file holds no run.'],
  ['ENOTDIR', 'train --out FOLDER/file/run', 'run cannot be written: a part of its path is a file, not a folder.'],
  ['EEXIST', 'train --out FOLDER/file', 'file cannot be written: a file is where a folder should be.'],
  ['ENOENT', 'train --out /proc/x', '/proc/x cannot be written: no folder can be made there.'],
  ['EISDIR', 'train --config FOLDER/run --print-config', 'run cannot be read: it is a folder.'],
  ['EISDIR', 'inspect FOLDER/spoilt', 'metrics.jsonl cannot be read: it is a folder.'],
  ['EISDIR', 'train --resume FOLDER/spoilt --steps 2', 'worker-1.log cannot be written: it is a folder.'],
  ['ELOOP', 'train --resume FOLDER/loop-a', 'run.json cannot be read: its path has a link that leads back to itself'],
  ['ENAMETOOLONG', 'train --out FOLDER/LONG', 'run.json cannot be read: its name is too long.'],
  [
    'EIO',
    'train --config /proc/self/mem --print-config',
    '/proc/self/mem cannot be read: its device reports an error.',
  ],
  ['a device', 'inspect /dev/zero', '/dev/zero cannot be read: it is a device, not a file.'],
  ['a device', 'doctor --golden /dev/full', '/dev/full cannot be read: it is a device, not a file.'],
  [
    'ENOSPC',
    'train --out FULL/run',
    'FULL/run cannot be written: the disk is full.\nMake room, or choose another folder',
  ],
  ['ENOSPC', 'sample FOLDER/run --out FULL/x.png', 'FULL/x.png cannot be written: the disk is full.\nMake room'],
  ['ENOSPC', 'sample FOLDER/run --out /dev/full', '/dev/full cannot be written: the disk is full.\nMake room'],
  ['EROFS', 'sample FOLDER/run --out-dir LOCKED/a/b', 'LOCKED/a/b cannot be written: the disk is read-only.'],
])('%s: lstm-gan %s', async (_code, command, sentence) => {
  const { exitCode, stderr } = await lstmGan(place(command).split(' '));
  expect(stderr).toContain(place(sentence));
  expect(stderr).not.toMatch(/\n\s+at |This should not happen/);
  expect(exitCode).toBe(2);
});

/** A command, and the beginning of the path that it may not open: a new file first has a temporary name. */
it.each<[code: 'EDQUOT' | 'ENFILE', command: string, refused: string, sentence: string]>([
  [
    'EDQUOT',
    'sample FOLDER/run --out FOLDER/x.png',
    'FOLDER/lstm-gan-',
    'x.png cannot be written: the quota is used up.\nMake room, or ',
  ],
  [
    'EDQUOT',
    'train --out FOLDER/run-2',
    'FOLDER/run-2/lstm-gan-',
    'run-2/config.json cannot be written: the quota is used up.\nMake room, or ',
  ],
  [
    'ENFILE',
    'sample FOLDER/run --out FOLDER/y.png',
    'FOLDER/lstm-gan-',
    'y.png cannot be written: the system has too many open files.\nEnd programs that are not needed',
  ],
  [
    'ENFILE',
    'train --config FOLDER/file --print-config',
    'FOLDER/file',
    'FOLDER/file cannot be read: the system has too many open files.\nEnd programs that are not needed',
  ],
])('%s: lstm-gan %s', async (code, command, refused, sentence) => {
  const { exitCode, stderr } = await lstmGan(place(command).split(' '), { env: refuseOpens(place(refused), code) });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(place(sentence))]);
});

it('EPIPE: a picture for a program that has ended', async () => {
  const ended = path.join(folder, 'ended');
  await startProcess(['mkfifo', ended]);
  // The command begins when the reader of its pipe has closed it.
  const script = 'exec 3>&1; { read -r _ <"$0"; "$@"; echo "$?" >&3; } | { exec <&-; echo yes >"$0"; }';
  const sample = commandLine(['sample', path.join(folder, 'run'), '--out', '/dev/stdout']);
  const { stdout, stderr } = await startProcess(['sh', '-c', script, ended, ...sample], { cwd: root });
  expect([stdout, stderr]).toEqual([
    '2',
    expect.stringContaining('/dev/stdout cannot be written: nobody reads it any more.\nLet its reader run until'),
  ]);
});

it('a device that a picture is written to stays a device', async () => {
  const pipe = path.join(folder, 'pipe');
  await startProcess(['mkfifo', pipe]);
  // A process of its own reads the pipe: it can be ended if nothing is written.
  const reader = startProcess(['head', '-c', '4', pipe], { encoding: 'latin1' });
  const { exitCode } = await lstmGan(['sample', path.join(folder, 'run'), '--out', pipe]);
  expect(exitCode).toBe(0);
  expect((await reader).stdout).toContain('PNG');
});

describe('few descriptors', () => {
  it.each(['cli', 'coordinator', 'worker'] as const)('%s says so, and how to raise the limit', async (app) => {
    const bin = { cli: 'lstm-gan', coordinator: 'lstm-gan-coordinator', worker: 'lstm-gan-worker' }[app];
    const program = [process.execPath, path.join(root, 'apps', app, 'bin', `${bin}.js`), '--help'];
    const { exitCode, stderr } = await startProcess(['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', ...program]);
    expect([exitCode, stderr]).toEqual([
      2,
      `This process may have 64 open files; ${bin} needs 256.\n` +
        'Raise the limit, for example: ulimit -n 4096 (LimitNOFILE in systemd, --ulimit nofile of a container).',
    ]);
  });

  it('as many as it needs are enough to train', async () => {
    const train = programCommand('cli', ['train', ...model, '--out', path.join(folder, 'few')]);
    const { exitCode } = await startProcess(['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh', ...train], { cwd: root });
    expect(exitCode).toBe(0);
  });
});

it('Node prints no warning about TensorFlow that a user cannot act upon', async () => {
  const out = path.join(folder, 'eager');
  const { exitCode, stderr } = await lstmGan(['train', ...model, '--engine', 'eager', '--out', out]);
  const log = await readFile(path.join(out, 'worker-1.log'), 'utf8');
  expect([exitCode, `${String(stderr)}${log}`]).toEqual([0, expect.not.stringMatching(/Deprecat|DEP\d{4}/)]);
});

describe('TMPDIR', () => {
  const trainIn = (TMPDIR: string, name: string, command = commandLine(['train', ...model])) =>
    startProcess([...command, '--out', path.join(folder, name)], { cwd: root, env: { TMPDIR } });

  it('may be too long for the path of a socket, or missing', async () => {
    const long = path.join(folder, 'l'.repeat(120));
    await mkdir(long);
    expect((await trainIn(long, 'long')).exitCode).toBe(0);
    expect(await readdir(long)).toEqual([]);
    expect((await trainIn('/nonexistent', 'missing')).exitCode).toBe(0);
  });

  it('and no other folder can be used: says so', async () => {
    // Read-only disks take the place of /tmp and /dev/shm.
    const command = 'mount -t tmpfs -o ro none /tmp && mount -t tmpfs -o ro none /dev/shm && exec "$@"';
    const out = await mkdtemp(path.join(root, 'runs-'));
    try {
      const train = commandLine(['train', ...model, '--out', path.join(out, 'run')]);
      const { exitCode, stderr } = await startProcess(['unshare', '-m', 'sh', '-c', command, 'sh', ...train], {
        cwd: root,
        env: { TMPDIR: '/nonexistent', XDG_RUNTIME_DIR: undefined },
      });
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringContaining(
          'No folder for temporary files can be made in /nonexistent (no folder can be made there), /tmp (the disk is read-only), /dev/shm (the disk is read-only).\nSet TMPDIR',
        ),
      ]);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

it('a cache that can only be read is used, and what it lacks goes elsewhere', async () => {
  const cache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? '', '.cache'), 'lstm-gan');
  const TMPDIR = path.join(folder, 'beside');
  await mkdir(TMPDIR);
  const train = async (name: string) => {
    const command = commandLine(['train', ...model, '--set', 'model.latent=7', '--out', path.join(folder, name)]);
    const locking = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
    return startProcess(['unshare', '-m', 'sh', '-c', locking, cache, ...command], { cwd: root, env: { TMPDIR } });
  };
  const other = path.join(TMPDIR, `lstm-gan-cache-${process.getuid?.()}`);
  const { exitCode, stderr } = await train('locked-1');
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringContaining(`${cache} cannot be written: the disk is read-only. New graphs and data go to ${other}.`),
  ]);
  const ownGraphs = async () => {
    const entries = await readdir(path.join(other, 'graphs'), { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  const graphs = await ownGraphs();
  expect(graphs).not.toEqual([]);
  expect((await train('locked-2')).exitCode).toBe(0);
  expect(await ownGraphs()).toEqual(graphs);
});

it('an addon on a disk that forbids programs is said to be so', async () => {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? '', '.cache');
  const command = 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"';
  const inspect = commandLine(['sample', path.join(folder, 'run'), '--out', path.join(folder, 'x.png')]);
  const { exitCode, stderr } = await startProcess(
    ['unshare', '-m', 'sh', '-c', command, path.join(cache, 'lstm-gan'), ...inspect],
    { cwd: root },
  );
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringMatching(
      /session\.node cannot be loaded: failed to map segment .*\nIf the disk is mounted with noexec/,
    ),
  ]);
});
