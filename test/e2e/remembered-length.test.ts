/** A run remembers up to which step it was asked to train, and says it when it goes on. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { lstmGan, summaryOf } from '../support/command-line.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]'];

let out: string;
const resume = (...parameters: string[]) => lstmGan(['train', '--resume', out, ...parameters]);
const startsOfWorkers = async (): Promise<number> =>
  (await readFile(path.join(out, 'log.jsonl'), 'utf8')).split('local workers started').length - 1;

beforeAll(async () => {
  out = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-length-')), 'photos');
  const running = lstmGan(['train', ...model, '--workers', '1', '--steps', '1000000', '--out', out]);
  let isAsked = false;
  running.stderr?.on('data', (chunk: Buffer) => {
    // Before the first step there would be nothing to go on with.
    if (isAsked || !chunk.includes('Training step ')) return;
    isAsked = true;
    running.kill('SIGINT');
  });
  await running;
});

it('goes on to the step that was asked for before it was stopped, and says where it is', async () => {
  const running = resume('--workers', '1');
  let text = '';
  running.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.includes('Training step')) running.kill('SIGINT');
  });
  await running;
  expect(text).toMatch(new RegExp(`Going on with ${out} at step \\d+ of 1000000\\.`));
});

it.each([
  ['train', ['--workers', '1']],
  ['coordinator', ['--bind', '127.0.0.1:*']],
])('%s refuses a step that the run has passed, before a worker starts', async (command, own) => {
  const before = await startsOfWorkers();
  const { exitCode, stderr } = await lstmGan([command, '--resume', out, '--steps', '1', ...own]);
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringMatching(
      new RegExp(`^${out} is at step \\d+ already; --steps 1 lies behind it\\.\\n.* to go on to step 1000000\\.`, 'm'),
    ),
  ]);
  expect(stderr).not.toMatch(/Listening at|local workers/);
  expect(await startsOfWorkers()).toBe(before);
});

it('has nothing to train at the step that was asked for: says so, and starts no worker', async () => {
  const { step } = JSON.parse(
    (await readFile(path.join(out, 'metrics.jsonl'), 'utf8')).trim().split('\n').at(-1) as string,
  ) as { step: number };
  const more = summaryOf((await resume('--workers', '1', '--steps', String(step + 1), '--json')).stdout);
  const before = await startsOfWorkers();
  const again = await resume('--json');
  expect(again.stderr).toContain(`Nothing is left to train: ${out} at step ${step + 1} of ${step + 1}.`);
  expect(summaryOf(again.stdout)).toMatchObject({
    step: step + 1,
    weightsSha256: more.weightsSha256,
    endedBy: 'steps',
  });
  expect(await startsOfWorkers()).toBe(before);
});
