/** Tests what a user does with `train`, with the real command, real data and real processes. */
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeSafetensors } from '@lstm-gan/core';
import { readCheckpoint } from '@lstm-gan/run';
import { lstmGan, root, summaryOf, type RunSummary } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

let folder: string;
let straight: RunSummary;
const train = (out: string, ...parameters: string[]) =>
  lstmGan(['train', '--preset', 'digits', '--out', path.join(folder, out), '--json', ...parameters]);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-train-'));
  const { stdout, stderr, exitCode } = await train('straight', '--steps', '6', '--sample-every', '3');
  expect(exitCode, String(stderr)).toBe(0);
  straight = summaryOf(stdout);
});

async function stepsOf(runDir: string): Promise<{ step: number; losses: { discriminator: number } }[]> {
  const lines = (await readFile(path.join(runDir, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { step: number; losses: { discriminator: number } });
}

/** Every file of a run except its logs, with a hash of its contents. */
async function filesOf(runDir: string): Promise<Map<string, string>> {
  const names = (await readdir(runDir, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && !/^(log\.jsonl|worker-\d+\.log)$/.test(entry.name),
  );
  const files = names.map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return new Map(
    await Promise.all(
      files.map(
        async (file) =>
          [
            file,
            createHash('sha256')
              .update(await readFile(file))
              .digest('hex'),
          ] as const,
      ),
    ),
  );
}

const checkpointOf = (runDir: string, step: number): string =>
  path.join(runDir, 'checkpoints', `step-0000000${step}.safetensors`);

describe('a run', () => {
  it('ends with one line of JSON', () => {
    expect(straight).toMatchObject({
      runDir: path.join(folder, 'straight'),
      step: 6,
      weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(straight.imagesPerSecond).toBeGreaterThan(0);
    expect(straight.losses.generator).toBeGreaterThan(0);
  });

  it('leaves configuration, log, metrics, samples and checkpoints', async () => {
    const read = (file: string) => readFile(path.join(straight.runDir, file), 'utf8');
    expect(JSON.parse(await read('config.json'))).toMatchObject({
      preset: 'digits',
      batchSize: 64,
      shardSize: 16,
      seed: 1,
    });
    for (const line of (await read('log.jsonl')).trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
    const metrics = (await read('metrics.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Object.keys(metrics[5])).toEqual([
      'step',
      'images',
      'losses',
      'imagesPerSecond',
      'stepMs',
      'phaseMs',
      'computeMs',
      'exchangeMs',
      'updateMs',
      'waitingMs',
      'workers',
    ]);
    expect(await readdir(path.join(straight.runDir, 'samples'))).toEqual([
      'reals.png',
      'step-00000003.png',
      'step-00000006.png',
    ]);
    const grid = await sharp(path.join(straight.runDir, 'samples', 'step-00000006.png')).metadata();
    expect([grid.width, grid.height]).toEqual([2 * (8 * 34 + 2), 2 * (8 * 34 + 2)]);
    const checkpoint = await readCheckpoint(path.join(straight.runDir, 'checkpoints', 'step-00000006.safetensors'));
    expect(checkpoint.weightsSha256).toBe(straight.weightsSha256);
  });

  it('gives the same weights with another number of workers, stopped and resumed', async () => {
    const config = path.join(straight.runDir, 'config.json');
    const first = summaryOf(
      (
        await lstmGan([
          'train',
          '--config',
          config,
          '--out',
          path.join(folder, 'parts'),
          '--json',
          '--steps',
          '2',
          '--workers',
          '3',
        ])
      ).stdout,
    );
    expect(first.step).toBe(2);
    const resumed = await lstmGan([
      'train',
      '--resume',
      first.runDir,
      '--steps',
      '6',
      '--workers',
      '1',
      '--keep',
      '9',
      '--json',
    ]);
    expect(summaryOf(resumed.stdout).weightsSha256).toBe(straight.weightsSha256);
    // Moments, averages and counters of the resumed run equal those of the uninterrupted run. Equal losses show that
    // the images came in the same order in both runs.
    const [parts, whole] = await Promise.all([first, straight].map(({ runDir }) => readFile(checkpointOf(runDir, 6))));
    expect(parts.equals(whole)).toBe(true);
    const losses = async (runDir: string) => (await stepsOf(runDir)).map((metrics) => [metrics.step, metrics.losses]);
    expect(await losses(first.runDir)).toEqual(await losses(straight.runDir));
  });

  it('has one line of metrics for each step, in order, although it crashed after it was resumed from an earlier checkpoint', async () => {
    const runDir = path.join(folder, 'crashed');
    await cp(path.join(folder, 'parts'), runDir, { recursive: true });
    const running = lstmGan(['train', '--resume', checkpointOf(runDir, 2), '--steps', '1000000']);
    let isOver = false;
    void running.then(() => (isOver = true));
    const isBetween = (steps: number): boolean => steps > 2 && steps < 6;
    while (!isOver && !isBetween((await stepsOf(runDir)).length))
      await new Promise((resolve) => setTimeout(resolve, 20));
    running.kill('SIGKILL');
    await running;
    const resumed = summaryOf((await lstmGan(['train', '--resume', runDir, '--steps', '6', '--json'])).stdout);
    expect(resumed).toMatchObject({ step: 6, weightsSha256: straight.weightsSha256 });
    expect((await stepsOf(runDir)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is resumed from the checkpoint before a damaged one, says so, and gives the same weights', async () => {
    const runDir = path.join(folder, 'parts');
    const newest = checkpointOf(runDir, 6);
    const bytes = await readFile(newest);
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(newest, bytes);
    const { stdout, stderr } = await lstmGan([
      'train',
      '--resume',
      runDir,
      '--images',
      '384',
      '--workers',
      '2',
      // Keeps the checkpoint of step 2 for the next test. A slow machine writes more checkpoints in this run, and would
      // delete the old one.
      '--keep',
      '9',
      '--json',
    ]);
    expect(stderr).toContain(`${newest} is passed over: The checkpoint is damaged`);
    expect(summaryOf(stdout)).toMatchObject({ step: 6, weightsSha256: straight.weightsSha256, endedBy: 'steps' });
  });

  it('that is resumed from an earlier checkpoint meets --stop-when at the same step, and keeps the best checkpoint', async () => {
    const runDir = path.join(folder, 'parts');
    const discriminator = (await stepsOf(straight.runDir)).map(({ losses }) => losses.discriminator);
    const means = discriminator.map((loss, i) => (i === 0 ? Infinity : (discriminator[i - 1] + loss) / 2));
    const threshold = means[3] * 1.000001;
    const expected = means.findIndex((mean, i) => i > 1 && mean < threshold) + 1;
    const condition = ['--stop-when', `losses.discriminator<${threshold}`, '--stop-window', '2'];
    const { stdout, stderr } = await lstmGan([
      'train',
      '--resume',
      checkpointOf(runDir, 2),
      '--steps',
      '50',
      '--workers',
      '1',
      '--keep',
      '1',
      '--json',
      ...condition,
    ]);
    expect(stderr).toContain('Stopped: the mean of losses.discriminator over 2 steps was');
    expect(summaryOf(stdout)).toMatchObject({ step: expected, endedBy: 'stop-when' });
    expect((await stepsOf(runDir)).map(({ losses }) => losses.discriminator)).toEqual(discriminator.slice(0, expected));
    expect((await readdir(path.join(runDir, 'checkpoints'))).sort()).toEqual([
      'best.json',
      path.basename(checkpointOf(runDir, expected)),
    ]);
    expect(await readFile(path.join(runDir, 'log.jsonl'), 'utf8')).toContain('Stopped: the mean of');
  });

  it('stops at Ctrl-C after a step, with a checkpoint, and says how to resume', async () => {
    const out = path.join(folder, 'interrupted');
    const forever = ['--steps', '1000000', '--checkpoint-every', '3600'];
    const running = lstmGan(['train', '--preset', 'digits', '--out', out, ...forever]);
    let asked = false;
    running.stderr?.on('data', (chunk: Buffer) => {
      if (asked || !chunk.toString().includes('Training step ')) return;
      asked = true;
      running.kill('SIGINT');
    });
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Stopped after step \d+/);
    expect(stdout).toContain(`lstm-gan train --resume ${out}`);
    expect(await readdir(path.join(out, 'checkpoints'))).toHaveLength(1);
    expect(await readdir(out)).not.toContain('run.lock');
  });

  it('can be sampled, as a grid and as images', async () => {
    const grid = path.join(folder, 'grid.png');
    expect((await lstmGan(['sample', straight.runDir, '--out', grid, '--count', '9', '--seed', '5'])).exitCode).toBe(0);
    expect((await sharp(grid).metadata()).width).toBe(2 * (3 * 34 + 2));
    const images = path.join(folder, 'images');
    expect((await lstmGan(['sample', straight.runDir, '--out-dir', images, '--count', '3'])).exitCode).toBe(0);
    expect(await readdir(images)).toEqual(['000000.png', '000001.png', '000002.png']);
    expect(await sharp(path.join(images, '000002.png')).metadata()).toMatchObject({
      width: 32,
      height: 32,
      channels: 1,
    });
  });

  it("has checkpoints that Python's safetensors reads", async () => {
    const venv = path.join(folder, 'venv');
    const python = path.join(venv, 'bin', 'python');
    const run = (...command: string[]) => startProcess(command, { reject: true });
    await run('python3', '-m', 'venv', venv);
    await run(python, '-m', 'pip', 'install', '--quiet', 'safetensors==0.6.2', 'numpy');
    const script = `
import sys, json
from safetensors import safe_open
with safe_open(sys.argv[1], framework="numpy") as file:
    kernel = file.get_tensor("generator/lstm/recurrentKernel")
    print(json.dumps({"step": file.metadata()["step"], "tensors": len(file.keys()), "shape": kernel.shape, "first": float(kernel[0, 0])}))`;
    const file = path.join(straight.runDir, 'checkpoints', 'step-00000006.safetensors');
    const { stdout } = await run(python, '-c', script, file);
    const { state } = await readCheckpoint(file);
    const read = JSON.parse(String(stdout)) as { first: number };
    expect(read).toMatchObject({ step: '6', shape: [512, 2048] });
    expect(read.first).toBe(state.generator.weights[206_848 + 256 * 2048]);
  });
});

describe('a mistake is answered with a sentence and exit code 2', () => {
  it.each([
    [['train', '--preset', 'digit'], 'Did you mean --preset digits?'],
    [['train', '--data', 'emojis'], 'Did you mean --data emoji?'],
    [['train', '--batch-size', '60'], 'Set batchSize to 64 (--batch-size 64)'],
    [['train', '--set', 'optimizer.generator.learningrate=1'], 'Did you mean optimizer.generator.learningRate?'],
    [['coordinator', '--set', 'seed=many'], 'seed is to be a whole number from 0 up to 4294967295, not "many"'],
    [['coordinator', '--config', 'nowhere.yaml'], 'nowhere.yaml cannot be read'],
    [
      ['train', '--steps', '5', '--images', '320k'],
      "option '--images <count>' cannot be used with option '--steps <count>'",
    ],
    [['train', '--stop-when', 'losses.generater<1'], 'Did you mean losses.generator?'],
    [['train', '--resume', 'elsewhere/step-00000001.safetensors'], 'is not in the checkpoints folder of a run'],
    [['train', '--steps', 'many'], 'Expected a whole number from 1, got many'],
    [['train', '--worker', '2'], 'Did you mean --workers?'],
    [['tran'], 'Did you mean train?'],
    [['sample', 'nowhere', '--out', 'x.png'], 'nowhere cannot be read'],
    [
      ['worker', '--connect', 'tcp://127.0.0.1:1', '--name', 'w', '--key-file', 'nowhere', '--patience', '1'],
      'nowhere cannot be read',
    ],
    [
      ['worker', '--connect', 'tcp://127.0.0.1:1', '--key-file', 'test'],
      'The key file test cannot be read: it is a folder.',
    ],
  ])('%j', async (parameters, sentence) => {
    const { exitCode, stderr } = await lstmGan(parameters);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(exitCode).toBe(2);
  });

  it('a folder that holds a run', async () => {
    const { exitCode, stderr } = await train('straight', '--steps', '6');
    expect(stderr).toContain('holds a run already');
    expect(exitCode).toBe(2);
  });

  it('a run that is resumed with other settings', async () => {
    const { exitCode, stderr } = await lstmGan([
      'train',
      '--resume',
      straight.runDir,
      '--seed',
      '9',
      '--set',
      'model.regularizer.lambda=1',
      '--steps',
      '9',
    ]);
    expect(stderr).toContain('model.regularizer.lambda 20, not 1; seed 1, not 9');
    expect(exitCode).toBe(2);
  });

  it('a run that would not continue with the same bits on this machine', async () => {
    const out = path.join(folder, 'elsewhere');
    await train('elsewhere', '--steps', '1');
    const file = path.join(out, 'identity.json');
    const identity = JSON.parse(await readFile(file, 'utf8')) as { probes: Record<string, string> };
    identity.probes['generatorBackward'] = '0'.repeat(64);
    await writeFile(file, JSON.stringify(identity));
    // Files of a step after the last checkpoint, as a crash leaves them.
    await appendFile(path.join(out, 'metrics.jsonl'), '{"step":2}\n');
    await writeFile(path.join(out, 'samples', 'step-00000002.png'), '');
    await writeFile(checkpointOf(out, 2), '');
    const before = await filesOf(out);
    const { exitCode, stderr } = await lstmGan(['train', '--resume', out, '--steps', '2']);
    expect(stderr).toContain('would not go on with the same bits: result of generatorBackward was 000000000000, now');
    expect(exitCode).toBe(2);
    expect(await filesOf(out)).toEqual(before);
  });
});

describe('doctor', () => {
  it('says what this machine computes with', async () => {
    const { stdout, exitCode } = await lstmGan(['doctor']);
    expect(stdout).toMatch(/TensorFlow \(cpu\)\s+2\.21\.0, .*libtensorflow_cc\.so\.2, \d/);
    expect(stdout).toMatch(/GPU\s+\S/);
    expect(exitCode).toBe(0);
  });

  it.each(['graph', 'eager'])('compares the %s engine with golden values, and finds a wrong one', async (engine) => {
    const golden = path.join('test', 'fixtures', 'golden', 'rows-32.safetensors');
    const right = await lstmGan(['doctor', '--golden', golden, '--engine', engine]);
    expect(right.stdout).toContain('gradient generator');
    expect(right.exitCode).toBe(0);
    const bytes = new Uint8Array(await readFile(path.join(root, golden)));
    const fake = decodeSafetensors(bytes).tensors.get('step1/fake') as { data: Float32Array };
    fake.data[0] += 0.001;
    const wrong = path.join(folder, 'wrong.safetensors');
    await writeFile(wrong, bytes);
    const answer = await lstmGan(['doctor', '--golden', wrong, '--engine', engine]);
    expect(answer.stdout).toMatch(/WRONG\s+outputs .* in step1\/fake/);
    expect(answer.exitCode).toBe(1);
  });
});
