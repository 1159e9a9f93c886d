import { describe, expect, it } from 'vitest';
import type { CoordinatorMessage, SliceState, Updated } from '@lstm-gan/transport';
import type { Effect } from '../effects.ts';
import type { SlicedState } from './sliced-state.ts';
import { answer, drive, header, kinds, works } from '../../testing/drive.ts';

/**
 * A run with the sliced exchange. A batch has two shards, each network has one slice, and each worker has its own
 * machine.
 */
function driveCrew(wantedStep?: number) {
  const run = drive(2, 9, { exchange: 'sliced', wantedStep });
  const sliced = () => run.state.sliced as SlicedState;
  const updated = (): Updated => {
    const { step, phase, turn } = run.state.round;
    return { kind: 'updated', ...header, step, phase, turn, crew: sliced().crew, updateMs: 1, notFinite: null };
  };
  const contribute = (effects: Effect[]) =>
    works(effects).flatMap((work) => run.say(work.connection, { ...answer(work), crew: sliced().crew, sums: [] }));
  const settle = () =>
    sliced().members.flatMap((connection) => run.say(connection, { kind: 'settled', ...header, crew: sliced().crew }));
  /** Lets every member contribute and then report the round's result. Returns the effects that follow. */
  const finishRound = (effects: Effect[]) => {
    contribute(effects);
    const message = updated();
    return sliced().members.flatMap((connection) => run.say(connection, message));
  };
  const finishStep = (effects: Effect[]) => finishRound(finishRound(effects));
  const gathered = () => run.handle({ kind: 'gathered', gathering: sliced().gatherings[0].id });
  const join = (connection: string) =>
    run.join(connection, { peer: { address: `tcp://${connection}`, publicKey: connection, host: connection } });
  const lose = (connection: string) => run.handle({ kind: 'left', connection, sentence: 'It died.' });
  /**
   * Starts a run up to its first round. The first worker forms a crew alone. If there are more workers, a crew of all
   * workers replaces that crew before the round.
   */
  const start = (connections: readonly string[]) => {
    connections.forEach(join);
    if (connections.length > 1) settle();
    return settle();
  };
  return {
    ...run,
    sliced,
    updated,
    contribute,
    settle,
    finishRound,
    finishStep,
    gathered,
    join,
    lose,
    start,
    get state() {
      return run.state;
    },
  };
}

/** Returns the messages of one kind, each with the connection that it was sent to. */
const messages = <Kind extends CoordinatorMessage['kind']>(effects: Effect[], kind: Kind) =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === kind
      ? [{ connection: effect.connection, ...(effect.message as Extract<CoordinatorMessage, { kind: Kind }>) }]
      : [],
  );
const seeds = (effects: Effect[]) =>
  effects.flatMap((effect) => (effect.kind === 'seed' ? [`${effect.network} ${effect.connection}`] : []));

describe('a crew', () => {
  it('is told its places and given the state, and begins when it has settled', () => {
    const run = driveCrew();
    const joined = run.join('a');
    expect(messages(joined, 'crew')).toMatchObject([
      { connection: 'a', crew: 1, self: 0, owners: { generator: [0] }, backups: { generator: [-1] } },
    ]);
    expect(seeds(joined)).toEqual(['generator a', 'discriminator a']);
    expect(works(joined)).toEqual([]);
    const settled = run.settle();
    expect(kinds(settled)).toEqual(['send', 'send-work']);
    expect(messages(settled, 'begin')).toMatchObject([{ connection: 'a', step: 1, phase: 'discriminator' }]);
  });

  it('has ended a round when every member has the result', () => {
    const run = driveCrew();
    run.contribute(run.start(['a', 'b']));
    const updated = run.updated();
    expect(run.say('a', updated)).toEqual([]);
    expect(run.say('a', updated)).toEqual([]);
    const effects = run.say('b', updated);
    expect(kinds(effects)).toEqual(['update', 'send', 'send', 'send-work', 'send-work']);
    expect(run.state.versions).toEqual({ generator: 0, discriminator: 1 });
    expect(run.state.droppedContributions).toBe(0);
  });

  it('lets new workers in after the step, and sends them only what they lack', () => {
    const run = driveCrew();
    run.join('a');
    const first = run.settle();
    expect(messages(run.join('b'), 'crew')).toEqual([]);
    const second = run.finishRound(first);
    expect(works(second)).toMatchObject([{ connection: 'a' }]);
    const ended = run.finishRound(second);
    expect(messages(ended, 'gather')).toMatchObject([
      { connection: 'a', slices: { generator: [0], discriminator: [0] } },
    ]);
    expect(works(ended)).toEqual([]);
    const installed = run.gathered();
    expect(messages(installed, 'crew')).toMatchObject([
      { connection: 'a', crew: 2, self: 0 },
      { connection: 'b', crew: 2, self: 1 },
    ]);
    expect(seeds(installed)).toEqual(['generator b', 'discriminator b']);
    expect(installed.filter(({ kind }) => kind === 'send-weights')).toMatchObject([
      { connection: 'b' },
      { connection: 'b' },
    ]);
  });

  it('lets a member leave after the step, when its slices are with others', () => {
    const run = driveCrew();
    const begun = run.start(['a', 'b']);
    expect(run.say('a', { kind: 'leave', ...header })).toEqual([]);
    const ended = run.finishStep(begun);
    expect(messages(ended, 'finish')).toEqual([]);
    const installed = run.gathered();
    expect(messages(installed, 'finish')).toMatchObject([{ connection: 'a', complete: false }]);
    expect(messages(installed, 'crew')).toMatchObject([{ connection: 'b', crew: 3 }]);
    expect(run.state.members.map(({ connection }) => connection)).toEqual(['b']);
  });

  it('goes on while the state of a step that the caller wants is gathered', () => {
    const run = driveCrew(1);
    const ended = run.finishStep(run.start(['a', 'b']));
    expect(kinds(ended)).toContain('await-slices');
    expect(works(ended)).toHaveLength(2);
    expect(run.gathered()).toEqual([]);
    expect(run.sliced().recorded.step).toBe(1);
  });

  it('stops training where an update would not be finite', () => {
    const run = driveCrew();
    run.contribute(run.start(['a']));
    expect(run.say('a', { ...run.updated(), notFinite: 'dense/kernel' })).toMatchObject([
      { kind: 'abort', code: 'not-finite' },
      { kind: 'send' },
      { kind: 'finish' },
    ]);
  });
});

describe('a crew that loses a member', () => {
  it('does the round again with the backups, from what they are asked for', () => {
    const run = driveCrew();
    run.contribute(run.finishRound(run.start(['a', 'b'])));
    const lost = run.lose('a');
    expect(kinds(lost)).toEqual(['log', 'redo', 'await-slices', 'send']);
    expect(messages(lost, 'gather')).toMatchObject([
      { connection: 'b', weightsVersions: { generator: 0, discriminator: 1 } },
    ]);
    expect(run.state.round).toMatchObject({ step: 1, phase: 'generator', shardsDone: 0 });
    run.gathered();
    expect(works(run.settle())).toMatchObject([{ connection: 'b', lease: { subtrees: [{ start: 0, end: 2 }] } }]);
  });

  it('asks no member for a state that the coordinator still holds', () => {
    const run = driveCrew();
    run.start(['a', 'b']);
    const lost = run.lose('a');
    expect(kinds(lost)).not.toContain('await-slices');
    expect(messages(lost, 'crew')).toMatchObject([{ connection: 'b', crew: 3 }]);
  });

  it('goes back to what was recorded last when owner and backup are lost', () => {
    const run = driveCrew(1);
    const second = run.finishStep(run.start(['a', 'b', 'c']));
    run.gathered();
    run.finishRound(run.finishStep(second));
    const { owner, backup } = run.sliced().holders.generator[0] ?? {};
    expect(kinds(run.lose(owner as string))).toContain('await-slices');
    const lost = run.lose(backup as string);
    expect(lost.filter(({ kind }) => ['forget-slices', 'rewind'].includes(kind))).toMatchObject([
      { kind: 'forget-slices' },
      { kind: 'rewind', step: 1 },
    ]);
    expect(run.state.round).toMatchObject({ step: 2, phase: 'discriminator', shardsDone: 0 });
    expect(seeds(lost)).toHaveLength(2);
  });

  it('rests when no worker is left, and goes on with the next one that joins', () => {
    const run = driveCrew();
    run.start(['a']);
    run.lose('a');
    expect(run.sliced().stage).toBe('resting');
    expect(messages(run.join('b'), 'crew')).toMatchObject([{ connection: 'b', crew: 2 }]);
    expect(works(run.settle())).toMatchObject([{ connection: 'b' }]);
  });

  it('takes no word of the crew before', () => {
    const run = driveCrew();
    run.contribute(run.start(['a', 'b']));
    const late = run.updated();
    run.lose('a');
    run.settle();
    expect(run.say('b', late)).toEqual([]);
    expect(run.say('b', { kind: 'settled', ...header, crew: late.crew })).toEqual([]);
    expect(run.state.round).toMatchObject({ step: 1, phase: 'discriminator', shardsDone: 0 });
  });
});

describe('a member that says what it should not', () => {
  const slice = (change: Partial<SliceState>): SliceState => ({
    kind: 'slice',
    ...header,
    gathering: 1,
    network: 'discriminator',
    slice: 0,
    updates: 1,
    beta1Power: 0.5,
    beta2Power: 0.9,
    weights: new Float32Array(1),
    firstMoments: new Float32Array(1),
    secondMoments: new Float32Array(1),
    ema: new Float32Array(0),
    ...change,
  });

  it('is refused for a slice of another size', () => {
    const run = driveCrew();
    run.start(['a', 'b']);
    expect(messages(run.say('b', slice({ weights: new Float32Array(2) })), 'reject')).toMatchObject([
      { connection: 'b', reason: 'unexpected-message' },
    ]);
  });

  it('has no effect with a slice that was not asked for', () => {
    const run = driveCrew();
    run.start(['a']);
    expect(run.say('a', slice({}))).toEqual([]);
    expect(run.state.droppedContributions).toBe(0);
  });

  it('must leave, if it joined later, when another cannot reach it', () => {
    const run = driveCrew();
    run.start(['a', 'b']);
    const unreachable = { kind: 'unreachable', ...header, crew: 2, sentence: 'Timed out.' } as const;
    expect(messages(run.say('b', { ...unreachable, worker: 'worker-a' }), 'reject')).toMatchObject([
      { connection: 'b', reason: 'unreachable' },
    ]);
    expect(run.state.members.map(({ connection }) => connection)).toEqual(['a']);
  });
});
