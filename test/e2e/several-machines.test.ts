/** A coordinator is started by hand, and workers join it with the command that it prints. */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandLine, lstmGan, root, summaryOf } from '../support/command-line.ts';
import { heard } from '../support/heard.ts';
import { startProcess } from '../support/processes.ts';
import { createNetwork, type Network } from '../../tools/network/network-namespaces.ts';

/** A model with steps of a few milliseconds. */
const small = [
  '--set',
  'model.generator={kind: dense, units: [16]}',
  '--set',
  'model.image.size=8',
  '--set',
  'model.discriminator.filters=[4]',
];
/** For a run that lasts until it is stopped. */
const endless = ['--steps', '100000000'];

let folder: string;
/** The hash of the weights that a run on this machine alone gives, with these parameters. */
const weightsOf = async (out: string, ...parameters: string[]): Promise<string> =>
  summaryOf((await lstmGan(['train', ...parameters, '--out', path.join(folder, out), '--json'])).stdout).weightsSha256;
let expected: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-machines-'));
  expected = await weightsOf('local', '--steps', '12');
});

type Process = ReturnType<typeof lstmGan>;

/** Starts `lstm-gan`. The words of `enter` are put in front of the command, and can make it run on another machine. */
function start(
  parameters: readonly string[],
  { enter = [], env = {} }: { readonly enter?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Process {
  return startProcess([...enter, ...commandLine(parameters)], { cwd: root, env });
}

/** Resolves to the worker's command when the coordinator has printed it. */
async function joinCommand(coordinator: Process): Promise<string[]> {
  return (await heard(coordinator, /^ {2}npx lstm-gan (worker .*)\n/m))[1].split(' ');
}

const coordinate = (out: string, bind: string, ...more: string[]) => [
  'coordinator',
  '--steps',
  '12',
  '--bind',
  bind,
  '--json',
  ...more,
  ...(more.includes('--resume') ? [] : ['--out', path.join(folder, out)]),
];

/** Waits until the file holds something. Throws if a process ends that must run for it. */
async function waitUntil(file: string, holds: (text: string) => boolean, processes: readonly Process[]): Promise<void> {
  while (!existsSync(file) || !holds(await readFile(file, 'utf8'))) {
    const ended = processes.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (ended !== undefined) {
      const { command, stderr } = await ended;
      throw new Error(`${command} ended too early:\n${String(stderr)}`);
    }
    await delay(50);
  }
}

const waitForStep = (out: string, step: number, ...processes: readonly Process[]) =>
  waitUntil(path.join(folder, out, 'metrics.jsonl'), (text) => text.split('\n').length > step, processes);

/** Waits until a worker has joined for the n-th time. */
const waitForJoin = (out: string, worker: string, n: number, ...processes: readonly Process[]) =>
  waitUntil(path.join(folder, out, 'log.jsonl'), (log) => log.split(`Worker ${worker} joined`).length > n, processes);

it('gives the weights of a run on one machine, although workers join late and leave early', async () => {
  const coordinator = start(coordinate('joined', '127.0.0.1:*'));
  const join = await joinCommand(coordinator);
  expect((await stat(join[join.indexOf('--key-file') + 1])).mode & 0o777).toBe(0o600);
  const first = start(join);
  await waitForStep('joined', 2, coordinator, first);
  const second = start([...join, '--name', 'second']);
  // Waits until the second worker has joined, but not beyond step 6: the first worker must leave before the last step.
  await Promise.race([
    waitForStep('joined', 6, coordinator, first),
    waitForJoin('joined', 'second', 1, coordinator, second),
  ]);
  first.kill('SIGTERM');
  expect((await first).exitCode).toBe(0);
  expect(summaryOf((await coordinator).stdout).weightsSha256).toBe(expected);
  expect((await second).exitCode).toBe(0);
});

it('a coordinator that was killed is found again by its workers when it resumes', async () => {
  const out = path.join(folder, 'killed');
  await weightsOf('killed', '--steps', '2');
  const port = 20_000 + (process.pid % 20_000);
  const goOn = coordinate('killed', `127.0.0.1:${port}`, '--resume', out);
  const coordinator = start(goOn);
  const worker = start(await joinCommand(coordinator));
  await waitForStep('killed', 5, coordinator, worker);
  coordinator.kill('SIGKILL');
  await coordinator;
  expect(summaryOf((await start(goOn)).stdout).weightsSha256).toBe(expected);
  const { exitCode, stderr } = await worker;
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('Trying again for')]);
});

it('a coordinator that is killed again and again resumes with the same command, and writes no step twice', async () => {
  const port = 20_000 + ((process.pid + 7) % 20_000);
  const command = coordinate(
    'often',
    `127.0.0.1:${port}`,
    ...small,
    ...endless,
    '--checkpoint-every',
    '0.2',
    '--sample-every',
    '500',
  );
  /** The steps of all lines that are written completely. */
  const metrics = async () =>
    [...(await readFile(path.join(folder, 'often', 'metrics.jsonl'), 'utf8')).matchAll(/^\{"step":(\d+),.*\}\n/gm)].map(
      ([, step]) => Number(step),
    );
  let coordinator = start(command);
  const join = await joinCommand(coordinator);
  const worker = start(join);
  await waitForStep('often', 5, coordinator, worker);
  const second = await start(command);
  expect([second.exitCode, second.stderr]).toEqual([2, expect.stringContaining('is training in')]);
  for (let kills = 0; kills < 3; kills++) {
    // Waits for 200 new steps. So a coordinator that was killed has resumed, and has written new checkpoints, before it
    // is killed again.
    await waitForStep('often', (await metrics()).length + 200, coordinator, worker);
    coordinator.kill('SIGKILL');
    await coordinator;
    coordinator = start(command);
  }
  await waitForStep('often', (await metrics()).length + 200, coordinator, worker);
  coordinator.kill('SIGTERM');
  const { stdout, stderr } = await coordinator;
  expect(stderr).toMatch(/was interrupted\.\n.*Going on with \S+ at step \d+ of \d+\./);
  const { step, weightsSha256 } = summaryOf(stdout);
  expect(weightsSha256).toBe(await weightsOf('never-killed', ...small, '--steps', String(step)));
  expect(await metrics()).toEqual(Array.from({ length: step }, (_, k) => k + 1));
  expect((await worker).exitCode).toBe(0);
  // `command` resumes only a run that was killed or stopped by an error. SIGTERM has ended this run.
  expect(await start(command)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('holds a run already') });
});

it('a worker leaves at once when it is told to, also while it waits for a coordinator that is gone', async () => {
  const coordinator = start(coordinate('left', '127.0.0.1:*'));
  const worker = start(await joinCommand(coordinator));
  await waitForStep('left', 1, coordinator, worker);
  const isWaiting = new Promise((resolve) =>
    worker.stderr?.on('data', (chunk: Buffer) => void (chunk.includes('Trying again for') && resolve(true))),
  );
  coordinator.kill('SIGKILL');
  await Promise.race([isWaiting, worker]);
  worker.kill('SIGTERM');
  // Exit code 0 shows that the worker left at SIGTERM. If it had first tried in vain to connect again, it would have
  // ended with an error.
  expect(await worker).toMatchObject({ exitCode: 0 });
});

it('refuses a worker with the keys of another run, and says so', async () => {
  const coordinator = start(coordinate('mine', '127.0.0.1:*'));
  const join = await joinCommand(coordinator);
  const other = path.join(folder, 'joined', 'keys', 'worker.key');
  const { exitCode, stderr } = await start([...join.map((part) => (part.endsWith('worker.key') ? other : part))]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Give a key file of this run')]);
  coordinator.kill('SIGTERM');
  await coordinator;
});

it('lists and adds keys, and refuses a worker whose key was revoked before it came', async () => {
  const coordinator = start(coordinate('keyed', '127.0.0.1:*', ...small, ...endless));
  const join = await joinCommand(coordinator);
  const run = path.join(folder, 'keyed');
  for (const name of ['node-7', 'node-8']) expect((await lstmGan(['keys', run, '--add', name])).exitCode).toBe(0);
  expect((await lstmGan(['keys', run])).stdout).toMatch(
    /^node-7 +.*keys\/node-7\.key\nnode-8 .*\nworker +.*keys\/worker\.key\n?$/,
  );
  expect((await stat(path.join(run, 'keys', 'node-7.key'))).mode & 0o777).toBe(0o600);
  const copy = path.join(folder, 'copy.key');
  await copyFile(path.join(run, 'keys', 'worker.key'), copy);
  expect((await lstmGan(['keys', run, '--revoke', 'worker'])).exitCode).toBe(0);
  const withCopy = join.map((part) => (part.endsWith('worker.key') ? copy : part));
  expect(await start(withCopy)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('key file of this run') });
  expect((await lstmGan(['keys', run, '--add', '../x'])).exitCode).toBe(2);
  coordinator.kill('SIGTERM');
  await coordinator;
});

it.each(['star', 'sliced'])(
  'a revoked key ends only the worker that has it: the others keep their connections, and no step is repeated (%s)',
  async (exchange) => {
    const out = `revoked-${exchange}`;
    const run = path.join(folder, out);
    const coordinator = start(
      coordinate(out, '127.0.0.1:*', ...small, ...endless, '--exchange', exchange, '--checkpoint-every', '3600'),
    );
    const join = await joinCommand(coordinator);
    const names = ['node-1', 'node-2', 'node-3', 'node-4'];
    for (const name of names) expect((await lstmGan(['keys', run, '--add', name])).exitCode).toBe(0);
    const workers = names.map((name) =>
      start([
        ...join.map((part) => (part.endsWith('worker.key') ? path.join(run, 'keys', `${name}.key`) : part)),
        '--name',
        name,
      ]),
    );
    for (const name of names) await waitForJoin(out, name, 1, coordinator, ...workers);
    await waitForStep(out, 1, coordinator, ...workers);
    const steps = async () => (await readFile(path.join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n').length;
    await waitForStep(out, (await steps()) + 20, coordinator, ...workers);

    expect((await lstmGan(['keys', run, '--revoke', 'node-2'])).exitCode).toBe(0);
    const [, revoked] = workers;
    const others = workers.filter((worker) => worker !== revoked);
    expect(await revoked).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('The key of this worker was revoked.'),
    });
    await waitForStep(out, (await steps()) + 200, coordinator, ...others);
    coordinator.kill('SIGTERM');
    const { step, weightsSha256 } = summaryOf((await coordinator).stdout);
    for (const worker of others) {
      const { exitCode, stderr } = await worker;
      expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('Trying again')]);
    }
    const log = await readFile(path.join(run, 'log.jsonl'), 'utf8');
    for (const name of names) expect(log.split(`Worker ${name} joined`)).toHaveLength(2);
    expect(log).toContain('Worker node-2 is gone: Its key was revoked. 3 others go on.');
    expect(log.match(/is gone:/g)).toHaveLength(1);
    expect(log).not.toContain('is lost with its owner');
    const metrics = (await readFile(path.join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(metrics.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
      Array.from({ length: step }, (_, k) => k + 1),
    );
    expect(weightsSha256).toBe(await weightsOf(`${out}-quiet`, ...small, '--steps', String(step)));
  },
);

it('makes keys before the run: a worker waits for its copy, and the coordinator uses them', async () => {
  const run = path.join(folder, 'prepared');
  const create = () => lstmGan(['keys', run, '--create']);
  expect(await create()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^worker +.*prepared\/keys\/worker\.key$/),
    stderr: expect.stringContaining(`lstm-gan coordinator --out ${run} --bind`),
  });
  const made = await readFile(path.join(run, 'keys', 'coordinator.key'), 'utf8');
  expect(await create()).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('has keys already') });
  expect((await lstmGan(['keys', run, '--add', 'node-7'])).exitCode).toBe(0);

  const port = 20_000 + ((process.pid + 13) % 20_000);
  const copy = path.join(folder, 'waited-for.key');
  const early = start(['worker', '--connect', `tcp://127.0.0.1:${port}`, '--key-file', copy]);
  await heard(early, /waited-for\.key cannot be read: it does not exist\. Waiting for it, up to 60 s\./);
  const coordinator = start(coordinate('prepared', `127.0.0.1:${port}`));
  await joinCommand(coordinator);
  await copyFile(path.join(run, 'keys', 'node-7.key'), copy);
  expect(summaryOf((await coordinator).stdout).weightsSha256).toBe(expected);
  expect((await early).exitCode).toBe(0);
  expect(await readFile(path.join(run, 'keys', 'coordinator.key'), 'utf8')).toBe(made);
  expect((await stat(path.join(run, 'keys'))).mode & 0o777).toBe(0o700);
});

it('trains without joining workers in a folder that has only keys', async () => {
  expect((await lstmGan(['keys', path.join(folder, 'only-keys'), '--create'])).exitCode).toBe(0);
  expect(await weightsOf('only-keys', '--steps', '12')).toBe(expected);
});

it('a worker that waits for its key file leaves at once when it is told to, and gives up after its patience', async () => {
  const parameters = ['worker', '--connect', 'tcp://127.0.0.1:1', '--key-file', path.join(folder, 'never.key')];
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const worker = start([...parameters, '--patience', '100000']);
    await heard(worker, /Waiting for it/);
    worker.kill(signal);
    expect((await worker).exitCode).toBe(0);
  }
  expect(await start([...parameters, '--patience', '1'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('never.key cannot be read: it does not exist.\n'),
  });
});

/** Makes a worker compute as a processor without fused multiply-add does: its units give other bits. */
const otherBits = { LSTM_GAN_VECTORS: 'none' };

it('refuses a worker that computes other bits, and names the units', async () => {
  const coordinator = start(coordinate('strict', '127.0.0.1:*'));
  const join = await joinCommand(coordinator);
  // The first worker leaves, so the run waits for the worker `other`. Otherwise the run could end before `other` has
  // started.
  const first = start(join);
  await waitForStep('strict', 1, coordinator, first);
  first.kill('SIGTERM');
  expect((await first).exitCode).toBe(0);
  const units = 'discriminatorReal|discriminatorFake|generatorBackward';
  expect(await start([...join, '--name', 'other'], { env: otherBits })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      new RegExp(`computes other bits than the run in (${units})(, (${units}))*; .*--no-strict`),
    ),
  });
  const second = start([...join, '--name', 'second']);
  expect(summaryOf((await coordinator).stdout)).toMatchObject({ weightsSha256: expected, strict: true });
  expect((await second).exitCode).toBe(0);
});

it('admits such a worker with --no-strict, warns, and marks the run', async () => {
  const coordinator = start(coordinate('loose', '127.0.0.1:*', ...small, ...endless, '--no-strict'));
  const join = await joinCommand(coordinator);
  const first = start(join);
  await waitForStep('loose', 1, coordinator, first);
  const other = start([...join, '--name', 'other'], { env: otherBits });
  await waitForJoin('loose', 'other', 1, coordinator, other);
  coordinator.kill('SIGTERM');
  const { stdout, stderr } = await coordinator;
  expect(stderr).toContain('Worker other computes other bits than the run in');
  expect(summaryOf(stdout)).toMatchObject({ endedBy: 'signal', strict: false });
  for (const worker of [first, other]) expect((await worker).exitCode).toBe(0);
});

it('says that a port is in use, and what --bind expects', async () => {
  const coordinator = start(coordinate('first', '127.0.0.1:*'));
  const address = (await joinCommand(coordinator))[2].replace('tcp://', '');
  const second = await start(coordinate('second', address));
  expect([second.exitCode, second.stderr]).toEqual([2, expect.stringContaining('listens on')]);
  const odd = await start(coordinate('third', 'everywhere'));
  expect([odd.exitCode, odd.stderr]).toEqual([2, expect.stringContaining('binds to HOST:PORT; got everywhere')]);
  coordinator.kill('SIGTERM');
  await coordinator;
});

it('ends with exit code 75 under a scheduler if the run is stopped before its end, and with 0 at its end', async () => {
  const scheduled = { env: { SLURM_JOB_ID: '7' } };
  const coordinator = start(coordinate('evicted', '127.0.0.1:*', ...small, ...endless), scheduled);
  const join = await joinCommand(coordinator);
  const worker = start(join, scheduled);
  const [leaver, other] = [
    start([...join, '--name', 'leaver'], scheduled),
    start([...join, '--name', 'other', '--stopped-exit-code', '9', '--log', 'json']),
  ];
  for (const name of ['leaver', 'other']) await waitForJoin('evicted', name, 1, coordinator, worker, leaver, other);
  leaver.kill('SIGUSR2');
  expect((await leaver).exitCode).toBe(75);
  coordinator.kill('SIGUSR1');
  const { stdout, exitCode } = await coordinator;
  const { step, endedBy } = summaryOf(stdout);
  expect([exitCode, endedBy]).toEqual([75, 'signal']);
  const stopped = 'The coordinator has stopped before the end of the run.';
  expect(await worker).toMatchObject({
    exitCode: 75,
    stderr: expect.stringMatching(new RegExp(`^\\[[\\d:]+\\] INFO: ${stopped}$`, 'm')),
  });
  expect(String((await worker).stderr)).not.toMatch(/^\{/m);
  const { exitCode: codeOfOther, stderr } = await other;
  expect(codeOfOther).toBe(9);
  const lines = (String(stderr).match(/^\{.*\}$/gm) ?? []).map((line) => JSON.parse(line) as { msg: string });
  expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining([stopped, 'worker stopped']));

  const out = path.join(folder, 'evicted');
  const again = coordinate('evicted', '127.0.0.1:*', '--resume', out, '--steps', String(step + 3));
  const resumed = start(again, scheduled);
  const last = start(await joinCommand(resumed), scheduled);
  expect([(await resumed).exitCode, (await last).exitCode]).toEqual([0, 0]);
});

it('writes its log as JSON with --log json, with its progress', async () => {
  const out = path.join(folder, 'logged');
  const { stderr } = await lstmGan([
    'train',
    ...small,
    '--steps',
    '3',
    '--workers',
    '1',
    '--out',
    out,
    '--log',
    'json',
  ]);
  const messages = (String(stderr).match(/^\{.*\}$/gm) ?? []).map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toEqual(
    expect.arrayContaining([expect.stringMatching(/^Training on /), expect.stringMatching(/^Training step 3\/3 /)]),
  );
  expect(stderr).not.toMatch(/^(\[\d\d:|Training)/m);
  expect(await readFile(path.join(out, 'worker-1.log'), 'utf8')).toMatch(
    /^\{"level":30,.*"msg":"The run is finished."/m,
  );
});

let network: Network | undefined;
afterAll(() => network?.remove());

it('gives the same weights between machines with addresses of their own, over a slow cable', async (context) => {
  network = await createNetwork({ machines: 2, rate: '200mbit' });
  if (network === undefined) return context.skip('this machine allows no network namespaces');
  const coordinator = start(coordinate('network', `${network.hub.address}:5577`), network.hub);
  const join = await joinCommand(coordinator);
  const workers = network.machines.map(({ enter }) => start([...join, '--name', enter[3]], { enter }));
  expect(summaryOf((await coordinator).stdout).weightsSha256).toBe(expected);
  for (const worker of workers) {
    const { exitCode, stderr } = await worker;
    expect(exitCode, String(stderr)).toBe(0);
  }
});
