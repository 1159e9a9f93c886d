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

/** Takes the place of nx: says in a file that a signal has come, and does then what `answer` says. */
const nxThat = (answer: string): string => `
  const { renameSync, writeFileSync } = require('node:fs');
  process.on('SIGTERM', () => { writeFileSync('asked', ''); ${answer} });
  setInterval(() => undefined, 1000);
  writeFileSync('new', process.pid + ' ' + process.ppid);
  renameSync('new', 'building');`;

async function readBuilder(): Promise<{ builder: number; parent: number }> {
  const [builder, parent] = (await readFile(inCheckout('building'), 'utf8')).split(' ').map(Number);
  return { builder, parent };
}

it('while it builds: the build ends in good order, also if npm passes the Ctrl-C on, and no training begins', async () => {
  await buildBy(nxThat("setTimeout(() => { writeFileSync('ended', ''); process.exit(0); }, 2000);"));
  const running = npmStart();
  await until(running, () => existsSync(inCheckout('building')));
  const { parent } = await readBuilder();
  ctrlC(running);
  await until(running, () => existsSync(inCheckout('asked')));
  process.kill(parent, 'SIGINT');
  expect((await running).exitCode).toBe(130);
  expect(['ended', 'runs'].map((name) => existsSync(inCheckout(name)))).toEqual([true, false]);
});

it('while it builds, twice: a build that does not end is killed', async () => {
  await buildBy(nxThat(''));
  const running = npmStart();
  await until(running, () => existsSync(inCheckout('building')));
  ctrlC(running);
  await until(running, () => existsSync(inCheckout('asked')));
  while (running.exitCode === null) {
    ctrlC(running);
    await delay(100);
  }
  expect((await running).exitCode).toBe(130);
  const { builder } = await readBuilder();
  expect([existsSync(`/proc/${builder}`), existsSync(inCheckout('runs'))]).toEqual([false, false]);
});

it('while it trains: the run ends with a checkpoint of its last step', async () => {
  await buildBy('');
  const running = npmStart();
  await until(running, async () => (await linesOf(run('metrics.jsonl'))) >= 5);
  ctrlC(running);
  const { exitCode, stdout } = await running;
  // npm answers Ctrl-C with 130, whatever the exit code of the script.
  expect(exitCode).toBe(130);
  const step = await linesOf(run('metrics.jsonl'));
  expect(stdout).toMatch(new RegExp(`Stopping after this step\\.[^]*Stopped after step ${step},`));
  expect(await readdir(run('checkpoints'))).toContain(`step-${String(step).padStart(8, '0')}.safetensors`);
  expect((await readdir(run())).filter((name) => name.includes('lock'))).toEqual([]);
  // npm keeps compiled modules there, on Node 22.1 and later.
  expect((await readdir(temporary)).filter((name) => name !== 'node-compile-cache')).toEqual([]);
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
    expect(screen).not.toContain('Stopped after step');
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
