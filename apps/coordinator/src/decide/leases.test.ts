import { describe, expect, it } from 'vitest';
import { answer, drive, kinds, works, type SendWork } from '../testing/drive.ts';

describe('workers of different speed', () => {
  /**
   * Runs `steps` steps. `speeds` are the milliseconds that each worker needs for a shard. After step `slowUntilStep`
   * every worker needs 10 ms. Returns how many shards each worker got in the last step.
   */
  const sharesAfter = (
    steps: number,
    speeds: Readonly<Record<string, number>>,
    shardCount: number,
    slowUntilStep = Infinity,
  ): Readonly<Record<string, number>> => {
    const run = drive(shardCount, 100);
    const queue = Object.keys(speeds).flatMap((connection) => works(run.join(connection)));
    let shares: Record<string, number> = {};
    while (run.state.round.step <= steps) {
      const work = queue.shift() as SendWork;
      const shards = answer(work).losses.length;
      if (work.round.step === steps) shares = { ...shares, [work.connection]: shards };
      queue.push(
        ...works(
          run.say(work.connection, {
            ...answer(work),
            computeMs: shards * (work.round.step > slowUntilStep ? 10 : speeds[work.connection]),
          }),
        ),
      );
    }
    return shares;
  };

  it('are given as much as lets all of them end at once', () => {
    expect(sharesAfter(4, { a: 100, b: 300 }, 8)).toEqual({ a: 6, b: 2 });
    expect(sharesAfter(4, { a: 300, b: 100, c: 100 }, 7)).toEqual({ a: 1, b: 3, c: 3 });
  });

  it('are tried again when they were too slow to be given anything for fifty steps', () => {
    const speeds = { a: 10, b: 100 };
    expect(sharesAfter(50, speeds, 2)).toEqual({ a: 2 });
    expect(sharesAfter(60, speeds, 2, 5)).toEqual({ a: 1, b: 1 });
    // If worker b is tried again and is still slow, it gets no shards afterwards.
    expect(sharesAfter(60, speeds, 2)).toEqual({ a: 2 });
  });

  it('keep their shares while they are about equally fast', () => {
    expect(sharesAfter(4, { a: 100, b: 110 }, 8)).toEqual({ a: 4, b: 4 });
    expect(sharesAfter(4, { a: 0.01, b: 1 }, 4)).toEqual({ a: 2, b: 2 });
  });
});

describe('a lease that is late', () => {
  /** Two workers that are known to take 10 ms for a shard; `a` has answered in the second step, `b` has not. */
  const start = () => {
    const run = drive(2, 9);
    const queue = [...works(run.join('a')), ...works(run.join('b'))];
    for (;;) {
      const work = queue.shift() as SendWork;
      if (run.state.round.step === 2 && work.connection === 'b') return { run, late: work };
      queue.push(...works(run.say(work.connection, { ...answer(work), computeMs: 10 * answer(work).losses.length })));
    }
  };

  it('is given to an idle worker as well, once, and not before it is late', () => {
    const { run, late } = start();
    expect(run.wait(110)).toEqual([]);
    expect(works(run.wait(20))).toMatchObject([
      { connection: 'a', lease: { subtrees: late.lease.subtrees, copyOf: late.lease.id } },
    ]);
    expect(run.wait(1000)).toEqual([]);
    expect(run.state.copiedLeases).toBe(1);
  });

  it('counts once, for the worker that is first; the other is compared with it and gets no lease before it is idle', () => {
    const { run, late } = start();
    const [copy] = works(run.wait(500));
    const effects = run.say('a', answer(copy));
    expect(effects[0]).toMatchObject({ kind: 'collect', lease: late.lease.id });
    expect(works(effects)).toMatchObject([{ connection: 'a' }]);
    const overtaken = run.say('b', answer(late));
    expect(overtaken[0]).toMatchObject({ kind: 'compare', lease: late.lease.id, worker: 'worker-b' });
    expect(works(overtaken)).toMatchObject([{ connection: 'b' }]);
    expect(run.state.droppedContributions).toBe(1);
  });

  it('is no loss when one of the two dies', () => {
    for (const connection of ['a', 'b']) {
      const { run, late } = start();
      const [copy] = works(run.wait(500));
      expect(works(run.handle({ kind: 'left', connection, sentence: 'It died.' }))).toEqual([]);
      const [survivor, lost] = connection === 'a' ? [late, copy] : [copy, late];
      expect(kinds(run.say(survivor.connection, answer(survivor))).slice(0, 2)).toEqual(['collect', 'update']);
      expect(lost.lease.subtrees).toEqual(survivor.lease.subtrees);
    }
  });

  it('makes its worker leave when it takes ten times as long as expected and ten seconds more', () => {
    const run = drive(2, 9);
    const [work] = works(run.join('a'));
    const [next] = works(run.say('a', { ...answer(work), computeMs: 2000 }));
    const [own] = works(run.say('a', { ...answer(next), computeMs: 2000 }));
    expect(run.wait(10_000 + 10 * 2000 - 1)).toEqual([]);
    const [copy] = works(run.join('b'));
    expect(copy.lease.copyOf).toBe(own.lease.id);
    const effects = run.wait(2);
    expect(effects.slice(0, 2)).toMatchObject([
      { kind: 'disconnect', connection: 'a' },
      { kind: 'log', text: expect.stringContaining('ten times as long as expected') },
    ]);
    expect(kinds(run.say('b', answer(copy)))).toContain('update');
  });

  it('stops the run where two workers gave other bits, and names both', () => {
    const { run, late } = start();
    const effects = run.handle({ kind: 'differed', workers: ['worker-a', 'worker-b'], contribution: answer(late) });
    expect(effects[0]).toMatchObject({
      kind: 'abort',
      code: 'bits-differ',
      message:
        'Workers worker-a and worker-b computed different bits for the same shards (1) of step 2, discriminator phase.',
    });
    expect(run.state.finished).toBe(true);
  });
});
