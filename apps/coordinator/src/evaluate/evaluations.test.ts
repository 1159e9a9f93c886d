import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTerminalLog } from '@lstm-gan/run';
import { beforeEach, expect, it } from 'vitest';
import { presetConfig } from '../open-run/new-run-config.ts';
import { openEvaluations, type NumberOfStep } from './evaluations.ts';
import type { EvaluatedNumber } from './evaluator.ts';

const number = (name: string, key: string, isLowerBetter: boolean): EvaluatedNumber => ({
  name,
  metric: `${name}_digits`,
  key,
  isLowerBetter,
  isCopyShare: false,
});
const numbers = [number('fd2k', 'fd2k_digits', true), number('coverage', 'coverage_digits', false)];

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lstm-gan-evaluations-'));
});

/** Evaluations of a run of 64 images a step, every 640 images: each ends when the test says so. */
async function open(initialStep = 0) {
  const log: string[] = [];
  const taken: [string, NumberOfStep][] = [];
  const asked: {
    checkpoint: string;
    isBeside: boolean;
    signal: AbortSignal;
    end(results: Record<string, number> | Error): void;
  }[] = [];
  const evaluations = await openEvaluations({
    evaluator: {
      numbers,
      evaluate: (checkpoint, signal, isBeside) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('ended')));
          asked.push({
            checkpoint,
            isBeside,
            signal,
            end: (results) => (results instanceof Error ? reject(results) : resolve(results)),
          });
        }),
    },
    everyImages: 640,
    config: presetConfig('digits'),
    log: createTerminalLog({ write: (line) => void log.push((JSON.parse(line) as { msg: string }).msg) }),
    root,
    initialStep,
    onNumber: ({ name }, ofStep) => void taken.push([name, ofStep]),
  });
  return { evaluations, log, taken, asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('is due whenever the images reach a multiple, and leaves out what is due while another evaluation runs', async () => {
  const { evaluations, log, taken, asked } = await open();
  const due = Array.from({ length: 19 }, (_, k) => k + 1).filter((step) => evaluations.isDue(step));
  expect(due).toEqual([10]);
  evaluations.begin(10, 'ten');
  expect(asked.map(({ checkpoint }) => checkpoint)).toEqual(['ten']);
  expect(evaluations.isDue(20)).toBe(false);
  expect(log).toEqual(['The samples of step 20 are not evaluated, because the evaluation of step 10 still runs.']);
  asked[0].end({ fd2k_digits: 70, coverage_digits: 0.25 });
  await settled();
  expect(log.at(-1)).toBe('After 640 images: fd2k_digits 70.00, coverage_digits 0.2500.');
  expect(taken).toEqual([
    ['fd2k', { step: 10, value: 70 }],
    ['coverage', { step: 10, value: 0.25 }],
  ]);
  expect(evaluations.isDue(30)).toBe(true);
});

it('keeps the best checkpoint of each number, and the one that is evaluated', async () => {
  const { evaluations, asked } = await open();
  for (const [step, fd, coverage] of [
    [10, 50, 0.1],
    [20, 30, 0.5],
    [30, 40, 0.6],
  ]) {
    expect(evaluations.isDue(step)).toBe(true);
    expect(evaluations.keptSteps()).toContain(step);
    evaluations.begin(step, '');
    asked.at(-1)?.end({ fd2k_digits: fd, coverage_digits: coverage });
    await settled();
  }
  expect(evaluations.keptSteps()).toEqual([20, 30]);
  expect(evaluations.results()).toEqual({
    fd2k_digits: { newest: { step: 30, value: 40 }, best: { step: 20, value: 30 } },
    coverage_digits: { newest: { step: 30, value: 0.6 }, best: { step: 30, value: 0.6 } },
  });
});

it('evaluates the last checkpoint at the end, once, after the evaluation that still runs', async () => {
  const { evaluations, asked } = await open();
  evaluations.begin(10, 'ten');
  const finished = evaluations.finish(14, 'last');
  await settled();
  expect(asked).toHaveLength(1);
  asked[0].end({ fd2k_digits: 70 });
  await settled();
  // Only an evaluation beside training has a low priority.
  expect(asked.map(({ checkpoint, isBeside }) => [checkpoint, isBeside])).toEqual([
    ['ten', true],
    ['last', false],
  ]);
  asked[1].end({ fd2k_digits: 60 });
  await finished;
  await evaluations.finish(14, 'last');
  expect(asked).toHaveLength(2);
});

it('goes on after an evaluation that fails, and says so', async () => {
  const { evaluations, asked, log } = await open();
  evaluations.begin(10, '');
  asked[0].end(new Error('No space.'));
  await settled();
  expect(log).toEqual(['The samples of step 10 could not be evaluated: No space.']);
  expect([evaluations.isDue(20), evaluations.results()]).toEqual([true, {}]);
});

it('ends the evaluation that runs when training is stopped, without a word', async () => {
  const { evaluations, asked, log } = await open();
  evaluations.begin(10, '');
  evaluations.stop();
  await evaluations.finish(10, '');
  expect([asked.length, asked[0].signal.aborted, log]).toEqual([1, true, []]);
});

it('waits no longer for a checkpoint that a rewound run does not write', async () => {
  const { evaluations } = await open();
  expect(evaluations.isDue(10)).toBe(true);
  evaluations.rewind(5);
  expect(evaluations.isDue(10)).toBe(true);
});

it('knows what earlier starts have measured, up to the step that the run goes on from', async () => {
  const line = (step: number, value: number) =>
    `${JSON.stringify({ results: { fd2k_digits: value }, step, images: 64 * step })}\n`;
  await writeFile(
    path.join(root, 'metric-fd2k_digits.jsonl'),
    `${line(10, 9)}half a line\n${line(20, 12)}${line(30, 1)}`,
  );
  const { evaluations, taken } = await open(20);
  expect(taken.map(([, { step }]) => step)).toEqual([10, 20]);
  expect(evaluations.keptSteps()).toEqual([10]);
});
