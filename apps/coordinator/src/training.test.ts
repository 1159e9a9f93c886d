import { describe, expect, it } from 'vitest';
import { config, contributionFor, driveTraining } from './testing/drive-training.ts';

describe('effects', () => {
  it('of a step come in its order: work goes out, the update, the commit, and then the work of the next step', () => {
    const run = driveTraining('star');
    run.join('a');
    run.answerUntil(() => run.done.at(-1) === 'a work 2 discriminator');
    expect(run.done).toEqual([
      'a welcome',
      'watch a',
      'identify',
      'a weights generator 0',
      'a weights discriminator 0',
      'a work 1 discriminator',
      'a weights discriminator 1',
      'a work 1 generator',
      'commit 1',
      'a weights generator 1',
      'a work 2 discriminator',
    ]);
  });

  it('that an effect leads to wait until all effects decided before them are carried out', () => {
    const run = driveTraining('star', {
      onIdentify: () => run.training.handle({ kind: 'stop' }),
    });
    run.join('a');
    // Training was told to stop after it had sent work of the first step. So training still completes the first step.
    expect(run.done.at(-1)).toBe('a work 1 discriminator');
    run.answerUntil(() => run.training.isFinished);
    expect(run.done.slice(-2)).toEqual(['commit 1', 'a finish']);
  });

  it('none of the next step follows a step in whose commit training was told to stop', () => {
    const run = driveTraining('star', {
      onCommit: () => {
        run.training.handle({ kind: 'stop' });
        return false;
      },
    });
    run.join('a');
    run.answerUntil(() => run.training.isFinished);
    expect(run.done.slice(-3)).toEqual(['a work 1 generator', 'commit 1', 'a finish']);
    expect(run.training.result().state.step).toBe(1);
  });

  it('none follows the end when two workers gave other bits: each was told to finish last', () => {
    const run = driveTraining('star');
    run.join('a');
    run.join('b');
    run.answerUntil(() => run.open.length === 2 && run.open[0].message.step === 3);
    const [first, late] = run.open;
    run.inbox.length = 0;
    run.answer(first);
    run.wait(1000);
    const [copy] = run.open;
    expect(copy.message.subtrees).toEqual(late.message.subtrees);
    run.answer(copy);
    const contribution = contributionFor(late.message, 'star');
    run.say(late.connection, {
      ...contribution,
      losses: contribution.losses.map((losses) => ({ ...losses, loss: 2 })),
    });
    expect(run.training.isFinished).toBe(true);
    for (const connection of ['a', 'b'])
      expect(run.done.filter((text) => text.startsWith(`${connection} `)).at(-1)).toBe(`${connection} finish`);
    const toldToFinish = run.done.length;
    run.wait(100_000);
    run.answerUntil(() => false);
    run.join('c');
    expect(run.done).toHaveLength(toldToFinish);
    expect(() => run.training.result()).toThrow('computed different bits');
  });

  it('that cannot be carried out are thrown to the caller, and later events are handled', () => {
    const run = driveTraining('star', {
      onIdentify: () => {
        throw new Error('The run began with another TensorFlow.');
      },
    });
    expect(() => run.join('a')).toThrow('another TensorFlow');
    run.training.handle({ kind: 'left', connection: 'a', sentence: 'It died.' });
    run.training.handle({ kind: 'stop' });
    expect(run.training.isFinished).toBe(true);
  });
});

it('stops with an error that names the entry when an update would not be finite', () => {
  const run = driveTraining('star');
  run.join('a');
  const [work] = run.open;
  const contribution = contributionFor(work.message, 'star');
  const sums = contribution.sums.map((sum) => sum.map(() => NaN));
  expect(() => run.say('a', { ...contribution, sums })).toThrow(/step 1: discriminator\/.* would no longer be finite/);
});

it('measures no rate in the first five steps, and then the median', () => {
  const run = driveTraining('star', { steps: 7 });
  run.join('a');
  while (run.inbox.length > 0) {
    run.wait(10);
    run.answerNext();
  }
  const { imagesPerSecond, state } = run.training.result();
  expect(state.step).toBe(7);
  expect(imagesPerSecond).toBeGreaterThan(0);
  expect(imagesPerSecond).toBeLessThanOrEqual((1000 * config.batchSize) / 20);
});
