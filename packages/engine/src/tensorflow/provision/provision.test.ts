/**
 * What setup says if something is missing. The tests use real programs and a real disk, and stand-ins only where the
 * real ones cannot be made to fail.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { takeLock } from '@lstm-gan/system';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addonKey } from './addon-sources.ts';
import { compileAddons, tfjsNodeFolder } from './compile-addons.ts';
import { tensorflowPaths } from './cache-folder.ts';
import { provision } from './provision.ts';
import { wheels } from './release.ts';
import { checkDisk, checkPlatform, thisHost } from './requirements.ts';

let cacheDir: string;
let programs: string;
beforeEach(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-provision-'));
  [cacheDir, programs] = [path.join(folder, 'cache'), path.join(folder, 'bin')];
  await mkdir(programs);
});
afterEach(() => vi.unstubAllEnvs());

/** Adds a program to the folder that alone is the PATH of `setUp`. */
async function addProgram(name: string, script: string): Promise<void> {
  await writeFile(path.join(programs, name), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(programs, name), 0o755);
}
const setUp = () => provision({ cacheDir, variant: 'cpu', host: { ...thisHost(), env: { PATH: programs } } });

it.each([
  [{ platform: 'darwin', arch: 'arm64', glibc: undefined }, 'this is darwin arm64'],
  [{ platform: 'win32', arch: 'x64', glibc: undefined }, 'this is win32 x64'],
  [{ platform: 'linux', arch: 'x64', glibc: undefined }, 'this is Linux without glibc'],
])('refuses %j', (host, sentence) => {
  expect(() => checkPlatform({ ...host, env: {} })).toThrow(sentence);
});

it('says that python3, pip or a compiler is missing, and how to get it', async () => {
  await expect(setUp()).rejects.toMatchObject({
    code: 'tool-missing',
    message: expect.stringContaining('python3, and did not'),
    advice: expect.stringContaining('apt-get install python3-pip'),
  });
  await addProgram('python3', 'exit 1');
  await expect(setUp()).rejects.toMatchObject({
    code: 'tool-missing',
    message: expect.stringContaining('pip for python3'),
  });
  await addProgram('python3', 'exit 0');
  await expect(setUp()).rejects.toMatchObject({
    code: 'tool-missing',
    message: expect.stringContaining('a C++ compiler'),
    advice: expect.stringContaining('CXX'),
  });
});

it('refuses a disk without room before it downloads', async () => {
  await expect(checkDisk(tmpdir(), { ...wheels.cpu, unpackedBytes: 1e17 })).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('100000000.3 GB'),
    advice: expect.stringContaining('--cache-dir'),
  });
});

it('says what pip says if the registry does not answer', async () => {
  vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
  vi.stubEnv('PIP_EXTRA_INDEX_URL', '');
  vi.stubEnv('PIP_RETRIES', '0');
  const error = provision({ cacheDir, variant: 'cpu' });
  await expect(error).rejects.toMatchObject({
    code: 'download-failed',
    message: expect.stringContaining('pip could not download tensorflow-cpu=='),
    advice: expect.stringContaining('pip config list'),
  });
});

it('refuses a wheel that is not the published one, and does not keep it', async () => {
  // A stand-in for pip that writes a file with the name of the wheel, and with other contents.
  await addProgram(
    'python3',
    `while [ $# -gt 0 ]; do [ "$1" = --dest ] && echo other > "$2/${wheels.cpu.file}"; shift; done; exit 0`,
  );
  for (const tool of ['c++']) await symlink('/bin/true', path.join(programs, tool));
  vi.stubEnv('PATH', `${programs}:${process.env['PATH']}`);
  await expect(setUp()).rejects.toMatchObject({
    code: 'checksum-differs',
    message: expect.stringContaining(wheels.cpu.sha256),
  });
});

it('shows what the compiler printed if it fails', async () => {
  await addProgram('broken-c++', 'echo "session.cc:1: error: no such thing as a header" >&2; exit 1');
  const paths = tensorflowPaths(cacheDir, 'cpu', 'key');
  const compiling = compileAddons(
    paths,
    tfjsNodeFolder(cacheDir) as string,
    path.join(programs, 'broken-c++'),
    () => undefined,
  );
  await expect(compiling).rejects.toMatchObject({
    code: 'compile-failed',
    message: expect.stringContaining('no such thing as a header'),
    advice: expect.stringContaining('C++17'),
  });
});

it('compiles again when a source or a header has changed', async () => {
  const keys = new Set<string>();
  for (const [file, text] of [
    ['a.cc', '1'],
    ['a.h', '1'],
    ['a.h', '2'],
    ['b.cc', ''],
  ]) {
    await writeFile(path.join(programs, file), text);
    keys.add(await addonKey(programs));
  }
  expect(keys.size).toBe(4);
});

it('says so if the cache folder cannot be made', async () => {
  await writeFile(cacheDir, 'a file');
  await addProgram('python3', 'exit 0');
  await symlink('/bin/true', path.join(programs, 'c++'));
  await expect(setUp()).rejects.toMatchObject({
    code: 'cache-not-writable',
    advice: expect.stringContaining('--cache-dir'),
  });
});

describe('the lock of the cache', () => {
  const lockFile = () => path.join(cacheDir, 'provision.lock');
  /** A setup that ends with an error as soon as it has the lock. */
  const setUpWithoutPip = async (onNotice: (sentence: string) => void) => {
    await addProgram('python3', 'case "$*" in *download*) echo "error: no network"; exit 1; esac; exit 0');
    await symlink('/bin/true', path.join(programs, 'c++'));
    vi.stubEnv('PATH', `${programs}:${process.env['PATH']}`);
    const host = { ...thisHost(), env: { PATH: programs } };
    return provision({ cacheDir, variant: 'cpu', host, onNotice, heartbeatMs: 20 });
  };

  it.each([
    ['is empty', ''],
    ['holds the number of this process', String(process.pid)],
    ['holds the number of a living process of another container', '1'],
  ])('is taken over if it %s, and a sentence says so', async (_, text) => {
    await mkdir(cacheDir);
    await writeFile(lockFile(), text);
    const notices: string[] = [];
    const setup = setUpWithoutPip((sentence) => notices.push(sentence));
    await expect(setup).rejects.toMatchObject({ code: 'download-failed' });
    expect(notices).toEqual([expect.stringMatching(/cache is locked by .*the lock is taken over/)]);
    expect(existsSync(lockFile())).toBe(false);
  });

  it('is waited for while its process lives, and a sentence says for whom', async () => {
    await mkdir(cacheDir);
    const lock = await takeLock(lockFile(), { what: cacheDir });
    const notices: string[] = [];
    const setup = setUpWithoutPip((sentence) => {
      notices.push(sentence);
      lock.release();
    });
    await expect(setup).rejects.toMatchObject({ code: 'download-failed' });
    expect(notices).toEqual([`Waiting for process ${process.pid}, which works in ${cacheDir}.`]);
  });

  it('lets its owner remove what a killed setup left', async () => {
    const leaving = `
      import { mkdirSync, writeFileSync } from 'node:fs';
      import { createTemporary } from '@lstm-gan/system';
      const folder = ${JSON.stringify(cacheDir)};
      mkdirSync(folder + '/downloads', { recursive: true });
      mkdirSync(createTemporary(folder).path);
      writeFileSync(createTemporary(folder + '/downloads').path, '');
      process.kill(process.pid, 'SIGKILL');`;
    const sources = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', leaving];
    await once(spawn(process.execPath, sources), 'exit');
    expect(await readdir(cacheDir)).toHaveLength(2);
    await expect(setUpWithoutPip(() => undefined)).rejects.toMatchObject({ code: 'download-failed' });
    expect(await readdir(cacheDir, { recursive: true })).toEqual(['downloads']);
  });
});
