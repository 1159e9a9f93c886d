/** Provokes the errors of the system for real: with files, devices, links, pipes and programs. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { beforeAll, describe, expect, it } from 'vitest';
import { explainReadError, explainSystemError, explainWriteError, reasonOf } from './explain-system-error.ts';
import { makeFolder } from './make-folder.ts';
import { readWhole } from './read-whole.ts';

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-refusals-'));
  writeFileSync(at('file'), 'text');
  mkdirSync(at('full', 'inner'), { recursive: true });
  mkdirSync(at('folder'));
  symlinkSync('loop-b', at('loop-a'));
  symlinkSync('loop-a', at('loop-b'));
});

/** The error that `provoke` throws. */
function errorOf(provoke: () => unknown): NodeJS.ErrnoException {
  try {
    provoke();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('nothing was refused');
}

/** Makes a pipe, and opens its two ends so that no call waits for the other end. */
function openPipe({ hasReader = true } = {}): { reader: number; writer: number } {
  const pipe = path.join(mkdtempSync(at('pipe-')), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [reader, writer] = [constants.O_RDONLY, constants.O_WRONLY].map((mode) =>
    openSync(pipe, mode | constants.O_NONBLOCK),
  );
  if (!hasReader) closeSync(reader);
  return { reader, writer };
}

/** Writes until nothing more fits into a pipe. */
function fill(descriptor: number): void {
  for (;;) writeSync(descriptor, Buffer.alloc(65_536));
}

const longName = 'n'.repeat(300);

describe.each<[string, () => unknown, string]>([
  ['ENOENT', () => readFileSync(at('none')), 'none cannot be opened: it does not exist.'],
  ['ENOENT', () => renameSync(at('file'), at('none', 'x')), 'file cannot be written: its folder does not exist.'],
  [
    'ENOTDIR',
    () => readFileSync(at('file', 'x')),
    'file/x cannot be opened: a part of its path is a file, not a folder.',
  ],
  ['EISDIR', () => readFileSync(at('folder')), 'A file cannot be read: it is a folder.'],
  ['EISDIR', () => openSync(at('folder'), 'w'), 'folder cannot be opened: it is a folder.'],
  ['EEXIST', () => mkdirSync(at('file')), 'file cannot be written: a file is where a folder should be.'],
  [
    'ENOTEMPTY',
    () => renameSync(at('folder'), at('full')),
    'cannot be written: a folder that is not empty has its name',
  ],
  [
    'ELOOP',
    () => readFileSync(at('loop-a')),
    'loop-a cannot be opened: its path has a link that leads back to itself.',
  ],
  ['ENAMETOOLONG', () => mkdirSync(at(longName)), 'n cannot be written: its name is too long.'],
  ['ENOSPC', () => writeFileSync('/dev/full', 'text'), 'A file cannot be written: the disk is full.'],
  [
    'EPIPE',
    () => writeSync(openPipe({ hasReader: false }).writer, 'text'),
    'cannot be written: nobody reads it any more.',
  ],
  [
    'EAGAIN',
    () => readSync(openPipe().reader, Buffer.alloc(1)),
    'A file cannot be read: the program at its other end was not ready',
  ],
  ['EAGAIN', () => fill(openPipe().writer), 'A file cannot be written: the program at its other end was not ready'],
  ['EIO', () => readFileSync('/proc/self/mem'), 'A file cannot be read: its device reports an error.'],
  [
    'EXDEV',
    () => linkSync(at('file'), '/dev/shm/lstm-gan-link'),
    'file cannot be written: its folder is on two file systems.',
  ],
  ['ENOENT', () => spawnSync(at('none')).error, 'none cannot be started: it does not exist.'],
  ['EACCES', () => spawnSync(at('file')).error, 'file cannot be started: it is not permitted.'],
])('%s', (code, provoke, sentence) => {
  it(`is explained: ${sentence}`, () => {
    const error = errorOf(() => {
      const returned = provoke();
      if (returned instanceof Error) throw returned;
    });
    expect(error.code).toBe(code);
    expect(explainSystemError(error)).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(sentence),
      advice: expect.stringMatching(/^[A-Z].*\.$/),
      cause: error,
    });
  });
});

it('ETXTBSY: a program that runs is not written', async () => {
  const program = at('sleep');
  cpSync('/bin/sleep', program, { dereference: true });
  chmodSync(program, 0o755);
  const child = spawn(program, ['60']);
  await once(child, 'spawn');
  const error = errorOf(() => appendFileSync(program, 'text'));
  child.kill();
  expect([error.code, reasonOf(error)]).toEqual(['ETXTBSY', 'it is a program that is running']);
});

it('ENXIO: a socket is no file', async () => {
  const server = createServer().listen(at('socket'));
  await once(server, 'listening');
  const error = errorOf(() => readFileSync(at('socket')));
  server.close();
  expect([error.code, reasonOf(error)]).toEqual(['ENXIO', 'there is no such device']);
});

/** The error that a script in a process of its own prints. */
function errorOfScript(script: string): NodeJS.ErrnoException {
  const text = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const { message, ...fields } = JSON.parse(text) as NodeJS.ErrnoException;
  return Object.assign(new Error(message), fields);
}

it('EAGAIN: this user may not start more processes', () => {
  // The limit does not bind root.
  const error = errorOfScript(`
    const { execFileSync, spawnSync } = require('node:child_process');
    execFileSync('prlimit', ['--pid', String(process.pid), '--nproc=1:1']);
    if (process.getuid() === 0) process.setuid(54321);
    const { error } = spawnSync('true');
    console.log(JSON.stringify({ ...error, message: error.message }));`);
  expect(error.code).toBe('EAGAIN');
  expect(explainSystemError(error)).toMatchObject({
    message: 'true cannot be started: this user may not start more processes.',
    advice: expect.stringContaining('ulimit -u'),
  });
});

it('EMFILE: says how to raise the limit of open files', () => {
  const script =
    "try { for (;;) require('node:fs').openSync('/dev/null') } catch (error) { console.log(JSON.stringify({ ...error })) }";
  const text = execFileSync('sh', ['-c', 'ulimit -n 40; exec "$0" -e "$1"', process.execPath, script], {
    encoding: 'utf8',
  });
  const error = Object.assign(new Error('EMFILE: too many open files'), JSON.parse(text) as object);
  expect(explainSystemError(error)).toMatchObject({
    message: '/dev/null cannot be opened: this process has too many open files.',
    advice: expect.stringContaining('ulimit -n 4096'),
  });
});

it('EPERM and EACCES: says that it is not permitted', () => {
  // Root may write nearly everywhere, but not everywhere.
  const error = errorOf(() => mkdirSync('/sys/x'));
  expect(explainWriteError('/sys/x', error, 'Choose another.')).toMatchObject({
    code: 'cannot-write',
    message: expect.stringMatching(/^\/sys\/x cannot be written: (it is not permitted|the disk is read-only)\.$/),
  });
});

it('returns what is not an error of the system as it is', () => {
  const user = new UserError({ code: 'a', message: 'B.', advice: 'c' });
  const ofNode = errorOf(() => readFileSync(1.5 as never));
  for (const error of [user, ofNode, new Error('Bug: something'), 'text', undefined]) {
    expect(explainSystemError(error)).toBe(error);
    expect(explainReadError('file', error)).toBe(error);
    expect(explainWriteError('file', error, 'advice')).toBe(error);
  }
});

it.each<[unknown, string]>([
  [new UserError({ code: 'a', message: 'The file is torn.', advice: 'c' }), 'The file is torn'],
  [new TypeError('no number'), 'no number'],
  [new RangeError(), 'RangeError'],
  ['text', 'text'],
  [undefined, 'nobody says why'],
])('gives a reason for whatever is thrown: %s', (thrown, reason) => {
  expect(reasonOf(thrown)).toBe(reason);
});

it('EDQUOT: Node has no name for it', () => {
  // So it is on Node 20 to 26; test/e2e/surroundings.test.ts lets Node make the error itself.
  const message = 'Unknown system error -122: Unknown system error -122, write';
  const error = Object.assign(new Error(message), { code: 'Unknown system error -122', errno: -122, syscall: 'write' });
  expect(explainSystemError(error)).toMatchObject({
    message: 'A file cannot be written: the quota is used up.',
    advice: expect.stringMatching(/^Make room/),
  });
});

it('gives the description of the system for a code without words of ours', () => {
  const error = Object.assign(new Error('ENOLCK: no locks available, open'), { code: 'ENOLCK', errno: -37 });
  expect(reasonOf(error)).toBe('ENOLCK: no locks available, open');
});

describe('makeFolder', () => {
  it('makes a folder and those around it, and takes one that is there', async () => {
    await makeFolder(at('a', 'b', 'c'));
    await makeFolder(at('a', 'b', 'c'));
    expect(readdirSync(at('a', 'b'))).toEqual(['c']);
  });

  it.each([
    ['/proc/x/y', 'no folder can be made there'],
    ['/dev/full/x', 'a part of its path is a file, not a folder'],
  ])('ends with a reason for %s', async (place, reason) => {
    const error: unknown = await makeFolder(place).catch((thrown: unknown) => thrown);
    expect(reasonOf(error, 'writing')).toBe(reason);
  });
});

it('reads a pipe to its end, and refuses a device that never ends', async () => {
  const refuse = (reason: string): Error => new Error(reason);
  execFileSync('mkfifo', [at('pipe')]);
  const [bytes] = await Promise.all([
    readWhole(at('pipe'), refuse),
    once(spawn('sh', ['-c', `echo text > ${at('pipe')}`]), 'close'),
  ]);
  expect(bytes.toString()).toBe('text\n');
  await expect(readWhole('/dev/zero', refuse)).rejects.toThrow('it is a device, not a file');
  await expect(readWhole(at('folder'), refuse)).rejects.toThrow('it is a folder');
});
