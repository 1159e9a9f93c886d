/**
 * Ctrl-C in the terminal in which `npm start` runs: the first one stops what runs in good order and lets nothing start
 * after it, the second one kills. The checkout is a folder with the real scripts and the real programs; what installs
 * and builds is a script of the test.
 */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResultPromise } from 'execa';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { build } from '../support/build.ts';
import { root } from '../support/command-line.ts';
import { startInTerminal } from '../support/terminal.ts';

let checkout: string;
let temporary: string;
const inCheckout = (...names: string[]): string => path.join(checkout, ...names);

beforeAll(() => build());
beforeEach(async () => {
  checkout = await mkdtemp(path.join(tmpdir(), 'lstm-gan-start-'));
  temporary = inCheckout('tmp');
  await cp(path.join(root, 'tools', 'setup'), inCheckout('tools', 'setup'), { recursive: true });
  await mkdir(inCheckout('node_modules', '.bin'), { recursive: true });
  await mkdir(temporary);
  await symlink(path.join(root, 'apps'), inCheckout('apps'));
  await writeFile(inCheckout('package.json'), '{ "scripts": { "start": "node tools/setup/start.mjs" } }');
  for (const name of ['package-lock.json', path.join('node_modules', '.package-lock.json')])
    await writeFile(inCheckout(name), '{}');
});

/** Lets `script` take the place of nx, which builds. */
async function buildBy(script: string): Promise<void> {
  await writeFile(inCheckout('node_modules', '.bin', 'nx'), script);
  await chmod(inCheckout('node_modules', '.bin', 'nx'), 0o755);
}

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1', '--steps', '100000000'];

function npmStart(): ResultPromise {
  return startInTerminal(['npm', 'start', '--silent', '--', ...model], {
    cwd: checkout,
    // The path of the worker's socket is then in its command line.
    env: { TMPDIR: temporary },
  });
}

const ctrlC = (running: ResultPromise): unknown => running.stdin?.write('\x03');

/** Waits until `hasCome`. Throws if the command has ended before. */
async function until(running: ResultPromise, hasCome: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await hasCome())) {
    if (running.exitCode !== null) throw new Error(`It ended too early:\n${String((await running).stdout)}`);
    await delay(20);
  }
}

const run = (...names: string[]): string => inCheckout('runs', 'digits', ...names);
const linesOf = async (file: string): Promise<number> =>
  existsSync(file) ? (await readFile(file, 'utf8')).split('\n').length - 1 : 0;

/** Says in the file `asked` that a signal has come, and lives on or ends. */
const nxThat = (answer: string): string => `
  const { writeFileSync } = require('node:fs');
  process.on('SIGTERM', () => { writeFileSync('asked', ''); ${answer} });
  setInterval(() => undefined, 1000);
  writeFileSync('building', String(process.pid));`;

it('while it builds: the build is ended, and no training begins', async () => {
  await buildBy(nxThat('process.exit(0);'));
  const running = npmStart();
  await until(running, () => existsSync(inCheckout('building')));
  ctrlC(running);
  expect((await running).exitCode).toBe(130);
  expect([existsSync(inCheckout('asked')), existsSync(inCheckout('runs'))]).toEqual([true, false]);
});

it('while it builds, twice: a build that does not end is killed', async () => {
  await buildBy(nxThat(''));
  const running = npmStart();
  await until(running, () => existsSync(inCheckout('building')));
  ctrlC(running);
  await until(running, () => existsSync(inCheckout('asked')));
  ctrlC(running);
  expect((await running).exitCode).toBe(130);
  const builder = await readFile(inCheckout('building'), 'utf8');
  expect([existsSync(`/proc/${builder}`), existsSync(inCheckout('runs'))]).toEqual([false, false]);
});

it('while it trains: the run ends with a checkpoint of its last step, and is gone on with later', async () => {
  await buildBy('');
  const first = npmStart();
  await until(first, async () => (await linesOf(run('metrics.jsonl'))) >= 5);
  ctrlC(first);
  const { exitCode, stdout } = await first;
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Stopping after this step.')]);
  const step = await linesOf(run('metrics.jsonl'));
  const checkpoints = await readdir(run('checkpoints'));
  expect(checkpoints).toContain(`step-${String(step).padStart(8, '0')}.safetensors`);
  expect((await readdir(run())).filter((name) => name.includes('lock'))).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

it('while it trains, twice: a run whose worker does not answer is ended at once', async () => {
  await buildBy('');
  const running = npmStart();
  let screen = '';
  running.stdout?.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  await until(running, async () => (await linesOf(run('metrics.jsonl'))) >= 5);
  const worker = await workerProcess();
  process.kill(worker, 'SIGSTOP');
  try {
    ctrlC(running);
    await until(running, () => screen.includes('Interrupt once more'));
    ctrlC(running);
    expect((await running).exitCode).toBe(130);
  } finally {
    process.kill(worker, 'SIGKILL');
  }
});

/** The process whose command line names a socket in this checkout's folder for temporary files. */
async function workerProcess(): Promise<number> {
  for (const name of await readdir('/proc')) {
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (/^\d+$/.test(name) && command.includes(`ipc://${temporary}`)) return Number(name);
  }
  throw new Error('There is no worker.');
}
