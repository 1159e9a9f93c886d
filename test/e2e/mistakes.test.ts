/**
 * Every mistake and every failure is answered with a sentence that says what to do. The exit code is 2 if the user can
 * correct the cause, and 1 otherwise. Nothing that was written before is lost. Tested with real processes, disks and
 * sockets. More mistakes are in train.test.ts (names, numbers, folders), own-data.test.ts and several-machines.test.ts
 * (keys, ports).
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets, type Preset } from '@lstm-gan/core';
import {
  createRunConfig,
  createRunFolder,
  createTrainingState,
  readCheckpoint,
  readLatestCheckpoint,
  writeCheckpoint,
} from '@lstm-gan/run';
import {
  createWorkerLink,
  protocolVersion,
  readKeyFile,
  type Welcome,
  type WorkerKeys,
  type WorkerLink,
} from '@lstm-gan/transport';
import { lstmGan, root, summaryOf, type RunSummary } from '../support/command-line.ts';
import { createDisk, type Disk } from '../support/disks.ts';
import { heard } from '../support/heard.ts';

const digits = presets.get('digits') as Preset;
let folder: string;
let run: RunSummary;
const out = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-mistakes-'));
  run = summaryOf((await lstmGan(['train', '--steps', '3', '--workers', '1', '--out', out('run'), '--json'])).stdout);
});

type Process = ReturnType<typeof lstmGan>;

/** Expects that a process ends with this exit code and this sentence, and without a stack trace. */
async function expectSentence(process: Process, exitCode: 1 | 2, sentence: string | RegExp): Promise<void> {
  const { exitCode: code, stderr } = await process;
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/\n\s+at |This should not happen/);
  expect(code).toBe(exitCode);
}

/** Reads the process IDs of a run's local workers from its log. */
async function workersOf(runFolder: string): Promise<number[]> {
  const lines = (await readFile(path.join(runFolder, 'log.jsonl'), 'utf8')).trim().split('\n');
  return lines.flatMap((line) => (JSON.parse(line) as { processIds?: number[] }).processIds ?? []);
}

describe('a run', () => {
  it('is not resumed from a checkpoint of another model', async () => {
    const mixed = out('mixed');
    await cp(run.runDir, mixed, { recursive: true });
    const other = createRunConfig(presets.get('dcgan-rows') as Preset);
    await writeCheckpoint(path.join(mixed, 'checkpoints'), other, { ...createTrainingState(other), step: 99 });
    await expectSentence(
      lstmGan(['train', '--resume', mixed, '--steps', '5']),
      2,
      `belongs to another run than ${mixed}: preset digits, not dcgan-rows; model.image.size 32, not 64; `,
    );
    expect(await readdir(path.join(mixed, 'checkpoints'))).toEqual([
      'step-00000003.safetensors',
      'step-00000099.safetensors',
    ]);
  });

  it('is not sampled from a file that is no checkpoint', async () => {
    const golden = path.join('test', 'fixtures', 'golden', 'rows-32.safetensors');
    await expectSentence(
      lstmGan(['sample', golden, '--out', out('x.png')]),
      2,
      `${golden}: This is no checkpoint of format 2`,
    );
  });

  it('is trained by one process at a time', async () => {
    const first = lstmGan(['train', '--steps', '1000000', '--workers', '1', '--out', out('used')]);
    await heard(first, /step 1\//);
    for (const again of [
      ['--out', out('used')],
      ['--resume', out('used')],
    ])
      await expectSentence(lstmGan(['train', ...again]), 2, `is training in ${out('used')}`);
    first.kill('SIGTERM');
    expect((await first).exitCode).toBe(0);
  });

  it('stops at a number that is not finite, names worker, shard and step, and keeps the checkpoint before it', async () => {
    const wild = { ...digits.optimizer.discriminator, learningRate: 1e30 };
    const config = createRunConfig({ ...digits, optimizer: { generator: wild, discriminator: wild } });
    const { checkpoints, release } = await createRunFolder(out('wild'), config);
    await writeCheckpoint(checkpoints, config, { ...createTrainingState(config), step: 1 });
    await release();
    await expectSentence(
      lstmGan(['train', '--resume', out('wild'), '--steps', '9', '--workers', '1']),
      1,
      /stopped in step 2, \w+ phase: worker worker-1, shard \d: The (loss|gradient) .*\nThe last checkpoint is from before it/,
    );
    expect((await readLatestCheckpoint(checkpoints, () => undefined)).checkpoint.state.step).toBe(1);
    expect(await readdir(out('wild'))).not.toContain('run.lock');
  });

  it('whose workers were all killed says so, keeps the committed steps, and can be resumed', async () => {
    const training = lstmGan(['train', '--steps', '1000000', '--workers', '1', '--out', out('killed')]);
    await heard(training, /step 1\//);
    const [pid] = await workersOf(out('killed'));
    process.kill(pid, 'SIGKILL');
    await expectSentence(
      training,
      1,
      /^All local workers have ended.* worker-1 ended with SIGKILL, as the system ends processes when memory runs out\.\nRead the ends of .*worker-\*\.log\./m,
    );
    const { checkpoint } = await readLatestCheckpoint(path.join(out('killed'), 'checkpoints'), () => undefined);
    expect(checkpoint.state.step).toBeGreaterThan(0);
    const resumed = await lstmGan([
      'train',
      '--resume',
      out('killed'),
      '--steps',
      String(checkpoint.state.step + 1),
      '--json',
    ]);
    expect(summaryOf(resumed.stdout).step).toBe(checkpoint.state.step + 1);
  });

  it('whose worker has too little memory says so, and ends', async () => {
    const parameters = [
      'train',
      '--steps',
      '1',
      '--workers',
      '1',
      '--batch-size',
      '16384',
      '--shard-size',
      '16384',
      '--out',
      out('starved'),
    ];
    const training = lstmGan(parameters);
    await heard(training, /1 local workers started/);
    const [pid] = await workersOf(out('starved'));
    // Limits the worker's private memory. The address space cannot be limited instead, because Node reserves terabytes
    // of it. One layer alone needs 1 GB, more than the limit. TensorFlow may then report an error or end the process;
    // lstm-gan must explain both with a sentence.
    await execa('prlimit', ['--data=900000000', '--pid', String(pid)]);
    await expectSentence(
      training,
      1,
      /^All local workers have ended.* worker-1 ended with .*too little memory.*a smaller --shard-size.*\nRead the ends of .*worker-\*\.log\./m,
    );
  });
});

describe('a disk', () => {
  const disks: Disk[] = [];
  const mount = async (options: string): Promise<string> => {
    const disk = await createDisk(options);
    disks.push(disk);
    return disk.folder;
  };
  afterAll(async () => {
    for (const disk of disks) await disk.remove();
  });

  it('that becomes full stops training, and the last checkpoint stays', async () => {
    // A checkpoint has 37 MiB: there is room for one, but not for two.
    const small = path.join(await mount('size=44m'), 'run');
    await cp(run.runDir, small, { recursive: true });
    await expectSentence(
      lstmGan(['train', '--resume', small, '--steps', '4', '--workers', '1']),
      2,
      `${small}/checkpoints/step-00000004.safetensors cannot be written: the disk is full.\nMake room`,
    );
    expect(await readdir(path.join(small, 'checkpoints'))).toEqual(['step-00000003.safetensors']);
    expect((await readCheckpoint(path.join(small, 'checkpoints', 'step-00000003.safetensors'))).weightsSha256).toBe(
      run.weightsSha256,
    );
    expect(await readdir(small)).not.toContain('run.lock');
  });

  it('that fails while training continues stops it after the current step, not when the next file is due', async () => {
    const small = ['--workers', '1', '--batch-size', '16', '--shard-size', '16'];
    const training = lstmGan(['train', '--steps', '1000000', ...small, '--sample-every', '40', '--out', out('gone')]);
    await heard(training, /step 1\//);
    await rm(path.join(out('gone'), 'samples'), { recursive: true });
    await expectSentence(
      training,
      2,
      'step-00000040.png cannot be written: its folder does not exist.\nChoose another',
    );
    const steps = (await readFile(path.join(out('gone'), 'metrics.jsonl'), 'utf8')).trim().split('\n').length;
    expect(steps).toBeLessThan(80);
  });

  it('that is read-only is named by every command that writes', async () => {
    const locked = await mount('ro');
    const cases: [string[], string][] = [
      [['train', '--out', `${locked}/run`], `${locked}/run cannot be written: the disk is read-only.`],
      [
        ['sample', run.runDir, '--out', `${locked}/grid.png`],
        `${locked}/grid.png cannot be written: the disk is read-only.`,
      ],
      [
        ['sample', run.runDir, '--out-dir', `${locked}/images`],
        `${locked}/images cannot be written: the disk is read-only.`,
      ],
      [
        ['inspect', run.runDir, '--out', `${locked}/losses.svg`],
        `${locked}/losses.svg cannot be written: the disk is read-only.`,
      ],
      [
        ['setup', '--variant', 'cpu', '--cache-dir', `${locked}/cache`],
        `The cache folder ${locked}/cache cannot be made: the disk is read-only.`,
      ],
    ];
    for (const [parameters, sentence] of cases) await expectSentence(lstmGan(parameters), 2, sentence);
  });
});

describe('a coordinator', () => {
  let coordinator: Process;
  let address: string;
  let keyFile: string;
  let keys: WorkerKeys;
  beforeAll(async () => {
    coordinator = lstmGan(['coordinator', '--steps', '3', '--bind', '127.0.0.1:*', '--out', out('joined'), '--json']);
    [, address, keyFile] = await heard(coordinator, /worker --connect (\S+) --key-file (\S+)\n/);
    keys = await readKeyFile(keyFile);
  });

  /** Resolves to the coordinator's next message, or to the event that ends the link. */
  async function answerTo(link: WorkerLink): Promise<unknown> {
    for await (const event of link.events()) return event.kind === 'message' ? event.message : event;
    return undefined;
  }

  it('refuses a worker that speaks another protocol version, and names both versions', async () => {
    const link = createWorkerLink({ connect: address, keys });
    link.send({ kind: 'hello', protocol: 99, worker: 'newer' });
    expect(await answerTo(link)).toEqual({
      kind: 'reject',
      reason: 'protocol-version',
      sentence: `Worker newer speaks protocol 99; this coordinator speaks ${protocolVersion}. Install the same version of lstm-gan on both.`,
    });
    await link.close();
  });

  it('refuses a worker with another layout of the weights', async () => {
    const link = createWorkerLink({ connect: address, keys });
    link.send({ kind: 'hello', protocol: protocolVersion, worker: 'other' });
    const { run: name, incarnation, membership } = (await answerTo(link)) as Welcome;
    const layouts = { generator: '0'.repeat(64), discriminator: '0'.repeat(64) };
    link.send({
      kind: 'ready',
      run: name,
      incarnation,
      membership,
      engine: 'graph',
      tensorflow: '2.21.0',
      device: 'cpu',
      threads: 1,
      layouts,
      probes: {},
      graphs: {},
      peer: null,
    });
    expect(await answerTo(link)).toMatchObject({
      kind: 'reject',
      reason: 'layout-differs',
      sentence: expect.stringContaining('Worker other lays the weights out differently.'),
    });
    await link.close();
  });

  it('disconnects a client that sends something else than the protocol', async () => {
    const { hostname, port } = new URL(address);
    for (const rubbish of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(10_000, 0xff)]) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.resume().end(rubbish);
      await new Promise((resolve) => socket.once('close', resolve));
    }
  });

  it('then still finishes its run with a valid worker', async () => {
    expect((await lstmGan(['worker', '--connect', address, '--key-file', keyFile])).exitCode).toBe(0);
    expect(summaryOf((await coordinator).stdout).weightsSha256).toBe(run.weightsSha256);
  });

  it('without workers stops when it is told to', async () => {
    const idle = lstmGan(['coordinator', '--steps', '3', '--bind', '127.0.0.1:*', '--out', out('idle')]);
    await heard(idle, /worker --connect /);
    idle.kill('SIGTERM');
    // Before the first step there is nothing to complete: the signal ends the program, in good order or at once.
    const { exitCode, stderr } = await idle;
    expect([0, 130]).toContain(exitCode);
    expect(stderr).not.toMatch(/This should not happen|^\s+at /m);
  });
});

it
  .skipIf(existsSync('/dev/nvidia0'))
  .each([['train', '--out', 'nowhere'], ['worker', '--connect', 'ipc:///nowhere'], ['bench']])(
  '%s says that there is no GPU',
  async (...parameters) => {
    await expectSentence(
      lstmGan([...parameters, '--device', 'gpu']),
      2,
      /^--device gpu needs an NVIDIA GPU, and this machine shows none.*\nLeave --device out to compute on the CPU/m,
    );
    expect(existsSync(path.join(root, 'nowhere'))).toBe(false);
  },
);

it('a worker that is given an invalid address says what a valid one looks like', async () => {
  await expectSentence(
    lstmGan(['worker', '--connect', 'nonsense', '--key-file', path.join(out('joined'), 'keys', 'worker.key')]),
    2,
    'nonsense is no address of a coordinator.\nGive tcp://HOST:PORT',
  );
});
