import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protocolVersion, type Contribution } from '@lstm-gan/transport';
import type { Effect } from './decide/effects.ts';
import { answer, drive, header, kinds, sha, works, type SendWork } from './testing/drive.ts';

describe('a round', () => {
  it('gives the first worker everything, with both networks, and then only the network that changed', () => {
    const run = drive(4, 2);
    const first = run.join('a');
    expect(kinds(first)).toEqual(['send', 'log', 'watch', 'identify', 'send-weights', 'send-weights', 'send-work']);
    expect(works(first)[0].lease.subtrees).toEqual([{ start: 0, end: 4 }]);
    const second = run.say('a', answer(works(first)[0]));
    expect(kinds(second)).toEqual(['collect', 'update', 'send-weights', 'send-work']);
    expect(second[2]).toMatchObject({ network: 'discriminator', version: 1 });
    const third = run.say('a', answer(works(second)[0]));
    expect(kinds(third)).toEqual(['collect', 'update', 'commit', 'send-weights', 'send-work']);
    expect(third[3]).toMatchObject({ network: 'generator', version: 1 });
  });

  it('is cut into subtrees for as many workers as there are', () => {
    const run = drive(4, 2);
    const [work] = works(run.join('a'));
    run.join('b');
    run.join('c');
    const next = works(run.say('a', answer(work)));
    expect(next.map(({ connection, lease: { subtrees } }) => [connection, subtrees])).toEqual([
      ['a', [{ start: 0, end: 2 }]],
      ['b', [{ start: 2, end: 3 }]],
      ['c', [{ start: 3, end: 4 }]],
    ]);
  });

  it('comes once for each discriminator phase that a step is to have, then for the generator', () => {
    const run = drive(2, 2, { discriminatorSteps: 3 });
    let [work] = works(run.join('a'));
    const rounds: unknown[] = [];
    for (let k = 0; k < 8; k++) {
      const { step, phase, turn } = work.round;
      rounds.push(`${step} ${phase} ${turn}`);
      [work] = works(run.say('a', answer(work)));
    }
    const ofStep = (step: number) => [
      `${step} discriminator 0`,
      `${step} discriminator 1`,
      `${step} discriminator 2`,
      `${step} generator 0`,
    ];
    expect(rounds).toEqual([...ofStep(1), ...ofStep(2)]);
    expect(run.done.filter(({ kind }) => kind === 'send-weights')).toMatchObject([
      { network: 'generator', version: 0 },
      { network: 'discriminator', version: 0 },
      ...[1, 2, 3].map((version) => ({ network: 'discriminator', version })),
      { network: 'generator', version: 1 },
      ...[4, 5, 6].map((version) => ({ network: 'discriminator', version })),
    ]);
    expect(run.state.finished).toBe(true);
  });

  it('takes no contribution of another turn, and stops only after the whole step', () => {
    const run = drive(2, 9, { discriminatorSteps: 2 });
    const [work] = works(run.join('a'));
    expect(run.say('a', { ...answer(work), turn: 1 })).toEqual([]);
    expect(run.state.droppedContributions).toBe(1);
    const [second] = works(run.say('a', answer(work)));
    expect(run.handle({ kind: 'stop' })).toEqual([]);
    const [third] = works(run.say('a', answer(second)));
    expect(kinds(run.say('a', answer(third)))).toContain('finish');
  });

  it('gives the shards of a worker that is gone to the others at once', () => {
    const run = drive(4, 2);
    const [work] = works(run.join('a'));
    run.join('b');
    expect(works(run.handle({ kind: 'left', connection: 'a', sentence: 'It died.' }))).toMatchObject([
      { connection: 'b', lease: { subtrees: [{ start: 0, end: 4 }] } },
    ]);
    expect(run.say('a', answer(work))).toMatchObject([
      { kind: 'send', message: { kind: 'reject' } },
      { kind: 'disconnect' },
      { kind: 'log' },
    ]);
  });

  it('says in the log who joined, who is gone, and why', () => {
    const run = drive(4, 2);
    const about = (effects: readonly Effect[]) =>
      effects.flatMap((effect) => (effect.kind === 'log' && effect.about !== undefined ? [effect.about] : []));
    expect(about(run.join('a'))).toMatchObject([{ worker: 'worker-a', device: expect.any(String) }]);
    run.join('b');
    run.join('c');
    expect(about(run.handle({ kind: 'left', connection: 'a', sentence: 'It died.' }))).toEqual([
      { worker: 'worker-a', departure: 'lost', why: 'It died.' },
    ]);
    expect(about(run.say('b', { kind: 'hello', protocol: protocolVersion, worker: 'worker-b' }))).toEqual([
      { worker: 'worker-b', departure: 'refused', why: 'Nobody expected hello now.' },
    ]);
  });

  it('lets a worker that leaves finish its lease, gives it no other, and says when it may go', () => {
    const run = drive(4, 2);
    const [first] = works(run.join('a'));
    expect(run.say('a', { kind: 'leave', ...header })).toEqual([]);
    run.join('b');
    const effects = run.say('a', answer(first));
    expect(effects.filter((effect) => effect.kind === 'send' && effect.connection === 'a')).toMatchObject([
      { message: { kind: 'finish', complete: false } },
    ]);
    expect(works(effects).every(({ connection }) => connection === 'b')).toBe(true);
    expect(run.state.members.map(({ connection }) => connection)).toEqual(['b']);
    expect(kinds(run.say('b', { kind: 'leave', ...header }))).toEqual([]);
  });

  it('lets a worker that has nothing to do go at once', () => {
    const run = drive(1, 2);
    run.join('a');
    run.join('idle');
    expect(kinds(run.say('idle', { kind: 'leave', ...header }))).toEqual(['send', 'log']);
  });

  it('waits while no worker is there and goes on when one joins', () => {
    const run = drive(2, 1);
    run.join('a');
    run.handle({ kind: 'left', connection: 'a', sentence: 'It died.' });
    expect(works(run.join('b'))).toHaveLength(1);
  });

  it('counts a contribution that comes twice, once', () => {
    const run = drive(2, 9);
    const [work] = works(run.join('a'));
    run.say('a', answer(work));
    expect(run.say('a', answer(work))).toEqual([]);
    expect(run.state.droppedContributions).toBe(1);
  });

  it('refuses a contribution of other shards than were leased', () => {
    const run = drive(4, 9);
    const [work] = works(run.join('a'));
    const effects = run.say('a', { ...answer(work), subtrees: [{ start: 0, end: 2 }] });
    expect(kinds(effects)).toContain('disconnect');
    expect(kinds(effects)).not.toContain('collect');
  });
});

describe('workers whose number does not fit the number of shards', () => {
  /** Answers every lease until `step` is committed. Returns the warnings that were logged. */
  const warningsUpTo = (run: ReturnType<typeof drive>, connections: string[], step: number): string[] => {
    const queue = connections.flatMap((connection) => works(run.join(connection)));
    while (!run.done.some((effect) => effect.kind === 'commit' && effect.step === step)) {
      const work = queue.shift() as SendWork;
      queue.push(...works(run.say(work.connection, answer(work))));
    }
    return run.done.flatMap((effect) => (effect.kind === 'log' && effect.level === 'warn' ? [effect.text] : []));
  };

  it('lead to one warning, when their number has been the same for three steps', () => {
    expect(warningsUpTo(drive(4, 20), ['a', 'b', 'c'], 3)).toEqual([]);
    expect(warningsUpTo(drive(4, 20), ['a', 'b', 'c'], 12)).toEqual([
      expect.stringContaining('3 workers share the 4 shards of a batch unevenly'),
    ]);
    expect(warningsUpTo(drive(2, 20), ['a', 'b', 'c'], 12)).toEqual([
      expect.stringContaining('1 of them never have work'),
    ]);
  });

  it('lead to no warning when the shares are even', () => {
    expect(warningsUpTo(drive(4, 20), ['a', 'b'], 12)).toEqual([]);
  });
});

describe('admission', () => {
  it.each([
    ['other bits', { probes: { u: 'b'.repeat(64) } }, 'probe-differs'],
    ['another layout', { layouts: { generator: 'b'.repeat(64), discriminator: sha } }, 'layout-differs'],
    ['another engine', { engine: 'eager' }, 'engine-differs'],
  ])('refuses a worker with %s', (_, change, reason) => {
    const run = drive(2, 9);
    run.join('a');
    expect(run.join('b', change)).toContainEqual(
      expect.objectContaining({ message: expect.objectContaining({ kind: 'reject', reason }) }),
    );
    expect(run.state.members.map(({ connection }) => connection)).toEqual(['a']);
  });

  it('lets in a worker with another number of threads, because the bits do not depend on it', () => {
    const run = drive(2, 9);
    run.join('a');
    run.join('b', { threads: 8 });
    expect(run.state.members.map(({ connection }) => connection)).toEqual(['a', 'b']);
  });

  it('refuses such a worker if the bits depend on the number of threads, which is then a part of the identity', () => {
    const run = drive(2, 9, { doThreadsDecideBits: true });
    expect(run.join('a', { threads: 2 })).toContainEqual(
      expect.objectContaining({ kind: 'identify', computes: expect.objectContaining({ threads: 2 }) }),
    );
    expect(run.join('b', { threads: 8 })).toContainEqual(
      expect.objectContaining({
        message: expect.objectContaining({
          kind: 'reject',
          sentence: expect.stringContaining('Start it with --threads 2'),
        }),
      }),
    );
    expect(run.state.members.map(({ connection }) => connection)).toEqual(['a']);
  });

  it('refuses another protocol version and a name that is taken, and tells both versions', () => {
    const run = drive(2, 9);
    expect(run.say('a', { kind: 'hello', protocol: 99, worker: 'w' })[0]).toMatchObject({
      message: { reason: 'protocol-version', sentence: expect.stringMatching(new RegExp(`99.*${protocolVersion}`)) },
    });
    run.say('b', { kind: 'hello', protocol: protocolVersion, worker: 'w' });
    expect(run.say('c', { kind: 'hello', protocol: protocolVersion, worker: 'w' })[0]).toMatchObject({
      message: { reason: 'name-taken' },
    });
  });

  it('refuses a worker without the file of the networks, or with another one, and tells both hashes', () => {
    const [ours, other] = ['a'.repeat(64), 'b'.repeat(64)];
    const run = drive(2, 9, { modelSource: ours });
    const hello = { kind: 'hello', protocol: protocolVersion, worker: 'w' } as const;
    expect(run.say('a', hello)[0]).toMatchObject({
      message: { reason: 'model-differs', sentence: expect.stringMatching(new RegExp(`no model file.*${ours}`)) },
    });
    expect(run.say('b', { ...hello, model: other })[0]).toMatchObject({
      message: { reason: 'model-differs', sentence: expect.stringMatching(new RegExp(`${other}.*${ours}`)) },
    });
    expect(run.say('c', { ...hello, model: ours })[0]).toMatchObject({ message: { kind: 'welcome' } });
  });
});

describe('the end', () => {
  it('comes after the last step, and every worker is told', () => {
    const run = drive(1, 1);
    const [work] = works(run.join('a'));
    const [next] = works(run.say('a', answer(work)));
    const effects = run.say('a', answer(next));
    expect(kinds(effects)).toEqual(['collect', 'update', 'commit', 'send', 'finish']);
    expect(effects[3]).toMatchObject({ message: { kind: 'finish', complete: true } });
  });

  it('comes after the very step that is enough, and nothing of the next one is begun', () => {
    const run = drive(1, 100, { enoughStep: 2 });
    let open = works(run.join('a'));
    while (open.length > 0) open = works(run.say('a', answer(open[0])));
    expect(run.done.slice(-3)).toMatchObject([
      { kind: 'commit', step: 2 },
      { kind: 'send', message: { kind: 'finish', complete: true } },
      { kind: 'finish' },
    ]);
  });

  it('comes after the current step when it is asked to stop', () => {
    const run = drive(1, 100);
    const [work] = works(run.join('a'));
    expect(run.handle({ kind: 'stop' })).toEqual([]);
    const [next] = works(run.say('a', answer(work)));
    expect(run.say('a', answer(next)).slice(-2)).toMatchObject([
      { message: { kind: 'finish', complete: false } },
      { kind: 'finish' },
    ]);
  });

  it('names worker, shard and step of a number that is not finite', () => {
    const run = drive(1, 100);
    const [{ lease, round }] = works(run.join('a'));
    const effects = run.say('a', {
      kind: 'failed',
      ...header,
      step: round.step,
      phase: round.phase,
      turn: round.turn,
      crew: 0,
      lease: lease.id,
      weightsVersions: { generator: 0, discriminator: 0 },
      shard: 0,
      reason: 'not-finite',
      sentence: 'The loss of shard 0 is not a finite number.',
    });
    expect(effects[0]).toMatchObject({ kind: 'abort', message: expect.stringMatching(/step 1.*worker-a.*shard 0/) });
  });
});

/** One thing that may happen next in a simulated run. */
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('duplicate' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), which: fc.nat() }) },
);

it('sums every shard exactly once and never gets stuck, whatever happens to the workers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(action, { maxLength: 60 }),
      (shardCount, discriminatorSteps, actions) => {
        const run = drive(shardCount, 3, { discriminatorSteps });
        let outstanding: SendWork[] = [];
        const answered: { connection: string; message: Contribution }[] = [];
        let collected: number[] = [];
        let joined = 0;
        const note = (effects: Effect[]): void => {
          for (const effect of effects) {
            if (effect.kind === 'send-work') outstanding.push(effect);
            if (effect.kind === 'collect') collected.push(...effect.contribution.losses.map(({ shard }) => shard));
            if (effect.kind === 'update') {
              expect(collected.sort((a, b) => a - b)).toEqual(Array.from({ length: shardCount }, (_, shard) => shard));
              collected = [];
            }
          }
        };
        const reply = (which: number): void => {
          const [work] = outstanding.splice(which % Math.max(1, outstanding.length), 1);
          if (work === undefined) return;
          const message = answer(work);
          answered.push({ connection: work.connection, message });
          note(run.say(work.connection, message));
        };
        const act = ({ kind, which }: { kind: string; which: number }): void => {
          const connections = run.state.members.map(({ connection }) => connection);
          if (kind === 'answer') reply(which);
          else if (kind === 'wait') note(run.wait(which % 1000));
          else if (kind === 'join') note(run.join(`p${++joined}`));
          else if (kind === 'die' && connections.length > 0) {
            const connection = connections[which % connections.length];
            outstanding = outstanding.filter((work) => work.connection !== connection);
            note(run.handle({ kind: 'left', connection, sentence: 'It died.' }));
          } else if (kind === 'duplicate' && answered.length > 0) {
            const { connection, message } = answered[which % answered.length];
            if (connections.includes(connection)) note(run.say(connection, message));
          }
        };
        actions.forEach(act);
        // Whatever has happened, a worker that comes now can bring the run to its end.
        if (!run.state.finished) note(run.join('last'));
        for (let k = 0; k < (discriminatorSteps + 1) * 6 * shardCount + 60 && !run.state.finished; k++) reply(0);
        expect(run.state.finished).toBe(true);
        expect(run.done.filter(({ kind }) => kind === 'commit')).toMatchObject([{ step: 1 }, { step: 2 }, { step: 3 }]);
      },
    ),
    { numRuns: 2000 },
  );
});
