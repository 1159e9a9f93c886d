/**
 * A signal ends every command within seconds, in every phase, and nothing half written stays. Each command runs as the
 * first process of a container, if this machine allows that: such a process gets only those signals that it handles.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, link, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResultPromise } from 'execa';
import sharp from 'sharp';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { commandLine, root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1'];
const usualCache = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'lstm-gan');

const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const mayUnshare = spawnSync(container[0], [...container.slice(1), 'true']).status === 0;
if (!mayUnshare) process.stderr.write('Commands are not tested as first processes: unshare is not permitted here.\n');

/** Many large pictures, which take minutes to pack. */
let pictures: string;
beforeAll(async () => {
  pictures = await mkdtemp(path.join(tmpdir(), 'lstm-gan-pictures-'));
  const first = path.join(pictures, '0.png');
  await sharp({ create: { width: 4000, height: 4000, channels: 3, background: 'red' } }).toFile(first);
  for (let k = 1; k < 3000; k++) await link(first, path.join(pictures, `${k}.png`));
});

let folder: string;
let cacheDir: string;
let temporary: string;
/** Programs that hang take the place of real ones when this folder is the first of the PATH. */
let programs: string;
let hung: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-signals-'));
  [cacheDir, temporary, programs, hung] = ['cache', 'tmp', 'bin', 'hung'].map((name) => path.join(folder, name));
  for (const made of [cacheDir, temporary, programs]) await mkdir(made);
  for (const name of await readdir(usualCache))
    if (name.startsWith('tensorflow-')) await symlink(path.join(usualCache, name), path.join(cacheDir, name));
  env = { PATH: `${programs}:${process.env['PATH']}`, TMPDIR: temporary };
});

/** Lets a program hang, and start another one that hangs, when its parameters match a pattern of the shell. */
async function hang(name: string, pattern = '*'): Promise<void> {
  const script = `case "$*" in ${pattern}) sleep 1000 & touch ${hung}; wait;; esac`;
  await writeFile(path.join(programs, name), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(programs, name), 0o755);
}

/** Starts a command in a container. `signal` signals the command, not the program that made the container. */
function start(command: readonly string[], place: readonly string[] = mayUnshare ? container : []) {
  const running = startProcess([...place, ...command], { cwd: root, env });
  const childrenOf = (pid: unknown) => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pid = async (): Promise<number> => {
    if (place.length === 0) return running.pid as number;
    let first = '';
    while (first === '') first = (await childrenOf(running.pid)).split(' ')[0];
    return Number(first);
  };
  return { running, pid, signal: async () => process.kill(await pid(), 'SIGTERM') };
}

/** Waits until a command has come to a phase. Throws if it has ended before. */
async function until(running: ResultPromise, hasCome: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await hasCome())) {
    if (running.exitCode !== null) throw new Error(`It ended too early: ${String((await running).stderr)}`);
    await delay(20);
  }
}

const namesIn = (parent: string): Promise<string[]> => readdir(parent).catch(() => []);
const isPacking = async () => (await namesIn(path.join(cacheDir, 'data'))).some((name) => name.endsWith('.partial'));
const isHung = () => existsSync(hung);
const hasLoadedTensorFlow = async (pid: number) =>
  (await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '')).includes('libtensorflow_cc');

/** Signals a command when it has come to a phase, and returns how it ends. */
async function interrupt(parameters: string[], hasCome: (pid: number) => boolean | Promise<boolean>) {
  const { running, pid, signal } = start(commandLine([...parameters, '--cache-dir', cacheDir]));
  const first = await pid();
  await until(running, () => hasCome(first));
  await signal();
  return running;
}

const out = () => path.join(folder, 'run');
const expectClean = async () => {
  expect(await namesIn(path.join(cacheDir, 'data'))).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
  expect((await namesIn(out())).filter((name) => /lock|partial/.test(name))).toEqual([]);
};

it.each([
  ['train', () => [...model, '--out', out()]],
  ['pack', () => model.slice(0, -2)],
])('%s, while it packs pictures', async (command, options) => {
  const { exitCode } = await interrupt([command, ...options(), '--data', pictures], isPacking);
  expect(exitCode).toBe(130);
  await expectClean();
});

it('train, while it downloads a data set', async () => {
  await hang('npm');
  const { exitCode } = await interrupt(['train', ...model, '--out', out()], isHung);
  expect(exitCode).toBe(130);
  await expectClean();
});

it('setup, while it compiles', async () => {
  const [variant] = (await readdir(cacheDir)).filter((name) => name.endsWith('-cpu'));
  cacheDir = path.join(folder, 'other');
  await mkdir(path.join(cacheDir, variant), { recursive: true });
  for (const name of ['library.json', 'tensorflow'])
    await symlink(path.join(usualCache, variant, name), path.join(cacheDir, variant, name));
  await hang('c++', '*-o*');
  env = { ...env, CXX: path.join(programs, 'c++') };
  const { exitCode } = await interrupt(['setup', '--variant', 'cpu'], isHung);
  expect(exitCode).toBe(130);
  expect(await readdir(cacheDir)).toEqual([variant]);
  expect((await readdir(path.join(cacheDir, variant))).sort()).toEqual(['library.json', 'tensorflow']);
  await expectClean();
});

it('doctor, while it asks a program for its version', async () => {
  await hang('python3', '*-m*');
  const { exitCode } = await interrupt(['doctor'], isHung);
  expect(exitCode).toBe(130);
});

it('bench while it trains, and sample while it draws', async () => {
  const bench = ['bench', '--steps', '1000000', '--workers', '1'];
  const hasStarted = async () => (await readdir(temporary, { recursive: true })).some((name) => name.endsWith('.log'));
  expect((await interrupt(bench, hasStarted)).exitCode).toBe(130);
  await expectClean();
  const trained = ['train', ...model, '--steps', '1', '--out', out()];
  const usual = ['--cache-dir', usualCache];
  expect((await startProcess(commandLine([...trained, ...usual]), { cwd: root })).exitCode).toBe(0);
  const images = path.join(folder, 'images');
  const { exitCode } = await interrupt(['sample', out(), '--out-dir', images, '--count', '20000'], hasLoadedTensorFlow);
  expect(exitCode).toBe(130);
  expect((await namesIn(images)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

it('a worker that looks for its coordinator, with exit code 0', async () => {
  const coordinator = ['coordinator', ...model.slice(0, -2), '--bind', '127.0.0.1:0', '--out', out()];
  await cp(path.join(usualCache, 'data'), path.join(cacheDir, 'data'), { recursive: true });
  const { exitCode, stderr } = await interrupt(coordinator, () => existsSync(path.join(out(), 'keys', 'worker.key')));
  expect([130, 0]).toContain(exitCode);
  expect(stderr).not.toContain('should not happen');
  expect((await readdir(out())).filter((name) => /lock|partial/.test(name))).toEqual([]);
  const keyFile = path.join(out(), 'keys', 'worker.key');
  const worker = ['worker', '--connect', 'tcp://127.0.0.1:1', '--key-file', keyFile, '--patience', '1000'];
  expect((await interrupt(worker, hasLoadedTensorFlow)).exitCode).toBe(0);
});

it('npm start, while it installs, with the processes that the installation has started', async () => {
  await cp(path.join(root, 'tools', 'setup'), path.join(folder, 'tools', 'setup'), { recursive: true });
  await writeFile(path.join(folder, 'package-lock.json'), '{}');
  await hang('npm');
  const { running, signal } = start([process.execPath, path.join(folder, 'tools', 'setup', 'start.mjs')], []);
  await until(running, isHung);
  await signal();
  expect((await running).exitCode).toBe(130);
  // The pipes of the programs are closed, so all of them have ended: otherwise the promise would not have resolved.
});

it('what a killed training left is removed by the next one', async () => {
  const packing = start(commandLine(['train', ...model, '--data', pictures, '--cache-dir', cacheDir]), []);
  await until(packing.running, isPacking);
  packing.running.kill('SIGKILL');
  await packing.running;
  expect(await namesIn(path.join(cacheDir, 'data'))).toEqual([expect.stringMatching(/\.partial$/)]);
  const [few, second] = [path.join(folder, 'few'), path.join(folder, 'second')];
  await mkdir(few);
  await link(path.join(pictures, '0.png'), path.join(few, '0.png'));
  const train = ['train', ...model, '--data', few, '--cache-dir', cacheDir, '--out'];
  const training = start(commandLine([...train, out(), '--steps', '100000000']), []);
  await until(training.running, () => existsSync(path.join(out(), 'metrics.jsonl')));
  training.running.kill('SIGKILL');
  await training.running;
  expect(await readdir(temporary)).toHaveLength(1);
  const { exitCode } = await start(commandLine([...train, second, '--steps', '1']), []).running;
  expect(exitCode).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
  expect(await readdir(path.join(cacheDir, 'data'))).toEqual([expect.stringMatching(/\.bin$/)]);
});
