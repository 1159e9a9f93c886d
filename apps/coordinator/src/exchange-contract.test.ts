/** What both exchanges promise. Each promise is tested for the star and for the sliced exchange. */
import type { TrainingState } from '@lstm-gan/run';
import { shardsOf } from '@lstm-gan/core/fold';
import { describe, expect, it } from 'vitest';
import { config, contributionFor, driveTraining, header } from './testing/drive-training.ts';

const allShards = Array.from({ length: config.batchSize / config.shardSize }, (_, shard) => shard);

describe.each(['star', 'sliced'] as const)('the %s exchange', (exchange) => {
  /** A run in which all workers have joined. Each worker has work of the same round and has not answered it yet. */
  const start = (workers: readonly string[], change: Parameters<typeof driveTraining>[1] = {}) => {
    const run = driveTraining(exchange, change);
    const [first, ...others] = workers;
    run.join(first);
    others.forEach(run.join);
    run.answerUntil(() => new Set(run.open.map(({ connection }) => connection)).size === workers.length);
    return run;
  };
  const commitsOf = (run: ReturnType<typeof start>) => run.done.filter((text) => text.startsWith('commit'));

  it('hands out every shard of a phase once, to all workers', () => {
    const run = start(['a', 'b', 'c']);
    const shards = run.open.flatMap(({ message }) => shardsOf(message.subtrees));
    expect(shards.toSorted((a, b) => a - b)).toEqual(allShards);
  });

  it('commits the steps in their order, ends after the last, and tells every worker', () => {
    const run = start(['a', 'b'], { steps: 3 });
    run.answerUntil(() => false);
    expect(run.training.isFinished).toBe(true);
    expect(commitsOf(run)).toEqual(['commit 1', 'commit 2', 'commit 3']);
    expect(run.done.slice(-2)).toEqual(['a finish', 'b finish']);
    expect(run.training.result().state).toMatchObject({
      step: 3,
      generator: { updates: 3 },
      discriminator: { updates: 3 },
    });
  });

  it('gives the caller the state that it wants to keep, and no other', () => {
    const states: TrainingState[] = [];
    const run = start(['a'], {
      steps: 5,
      onCommit: ({ step }) => step % 2 === 0,
      onState: (state) => states.push(state),
    });
    run.answerUntil(() => false);
    expect(
      states.map(({ step, generator, discriminator }) => [step, generator.updates, discriminator.updates]),
    ).toEqual([
      [2, 2, 2],
      [4, 4, 4],
    ]);
  });

  it('never changes a state that it gave out', () => {
    const kept: { state: TrainingState; copy: TrainingState }[] = [];
    const run = start(['a'], {
      steps: 5,
      onCommit: () => true,
      onState: (state) => kept.push({ state, copy: structuredClone(state) }),
    });
    run.answerUntil(() => false);
    expect(kept).toHaveLength(5);
    for (const { state, copy } of kept) expect(state).toEqual(copy);
  });

  it('gives the shards of a lost worker to the others, and loses no step', () => {
    const run = start(['a', 'b'], { steps: 4 });
    run.answerNext();
    run.lose('b');
    run.answerUntil(() => run.open.length > 0);
    expect(run.open.every(({ connection }) => connection === 'a')).toBe(true);
    run.answerUntil(() => false);
    const steps = commitsOf(run);
    expect(new Set(steps)).toEqual(new Set(['commit 1', 'commit 2', 'commit 3', 'commit 4']));
    expect(steps.toSorted()).toEqual(steps);
    expect(run.training.result().state.step).toBe(4);
  });

  it('waits when no worker is left, and goes on when one joins', () => {
    const run = start(['a'], { steps: 2 });
    run.lose('a');
    expect(run.training.isFinished).toBe(false);
    run.join('b');
    run.answerUntil(() => false);
    expect(run.training.result().state.step).toBe(2);
  });

  it('ends after the current step when it is told to stop', () => {
    const run = start(['a', 'b']);
    run.answerUntil(() => run.done.includes('commit 1'));
    run.answerUntil(() => run.open.length > 0);
    const { step } = run.open[0].message;
    run.training.handle({ kind: 'stop' });
    expect(run.training.isFinished).toBe(false);
    run.answerUntil(() => false);
    expect(run.training.isFinished).toBe(true);
    expect(commitsOf(run).at(-1)).toBe(`commit ${step}`);
    expect(run.training.result().state.step).toBe(step);
  });

  it('ends at once when it is told to stop and no worker is there, with the state that it began with', () => {
    const run = driveTraining(exchange);
    run.training.handle({ kind: 'stop' });
    expect(run.training.isFinished).toBe(true);
    expect(run.training.result().state.step).toBe(0);
  });

  it.each(['lost', 'refused'])('ends when it is stopping and its last worker is %s', (how) => {
    const run = start(['a']);
    run.training.handle({ kind: 'stop' });
    if (how === 'lost') run.lose('a');
    else run.say('a', { kind: 'hello', protocol: 1, worker: 'a' });
    expect(run.training.isFinished).toBe(true);
  });

  it('lets a worker that asks to leave go when nothing depends on it any more, and the others go on', () => {
    const run = start(['a', 'b'], { steps: 5 });
    run.say('b', { kind: 'leave', ...header });
    expect(run.done).not.toContain('b finish');
    run.answerUntil(() => run.done.includes('b finish'));
    expect(run.done).toContain('b finish');
    run.answerUntil(() => false);
    expect(run.training.result().state.step).toBe(5);
    expect(run.done.slice(run.done.indexOf('b finish') + 1).filter((text) => text.startsWith('b '))).toEqual([]);
  });

  it('counts a contribution that comes twice once, and one of another crew or turn not at all', () => {
    const run = start(['a', 'b']);
    const [work] = run.open;
    const contribution = contributionFor(work.message, exchange);
    run.say(work.connection, { ...contribution, crew: contribution.crew + 1 });
    run.say(work.connection, { ...contribution, turn: 1 });
    run.say(work.connection, contribution);
    run.say(work.connection, contribution);
    expect(run.training.result().droppedContributions).toBe(3);
  });

  it('counts only contributions as dropped contributions', () => {
    const run = start(['a', 'b']);
    const [{ connection, message: work }] = run.open;
    const stale = { ...contributionFor(work, exchange), crew: work.crew + 1 };
    const { run: name, incarnation, membership, step, phase, turn, crew, lease, weightsVersions } = stale;
    const round = { run: name, incarnation, membership, step, phase, turn, crew, lease, weightsVersions };
    run.say(connection, { kind: 'failed', ...round, shard: 0, reason: 'engine', sentence: 'Too late.' });
    run.say(connection, { kind: 'leave', ...header, incarnation: 7 });
    expect(run.training.result().droppedContributions).toBe(0);
    expect(run.training.isFinished).toBe(false);
    run.say(connection, { ...stale, incarnation: 7 });
    expect(run.training.result().droppedContributions).toBe(1);
  });

  it('refuses a worker whose contribution does not fit its lease', () => {
    const run = start(['a', 'b']);
    const [{ connection, message }] = run.open;
    const contribution = contributionFor(message, exchange);
    run.say(connection, { ...contribution, losses: contribution.losses.slice(1) });
    expect(run.done).toContain(`${connection} reject`);
    expect(run.done).toContain(`disconnect ${connection}`);
  });

  it('stops with the same error when an update would not be finite', () => {
    const run = start(['a']);
    const [{ connection, message }] = run.open;
    const contribution = contributionFor(message, exchange);
    const { step, phase, turn, crew } = message;
    expect(() => {
      run.say(connection, { ...contribution, sums: contribution.sums.map((sum) => sum.map(() => NaN)) });
      if (exchange === 'sliced')
        run.say('a', { kind: 'updated', ...header, step, phase, turn, crew, updateMs: 1, notFinite: 'dense/kernel' });
      run.training.result();
    }).toThrow(/^Training stopped in step 1: discriminator\/.* would no longer be finite\.$/);
  });
});
