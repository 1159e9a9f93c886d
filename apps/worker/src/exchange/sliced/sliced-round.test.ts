import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNetworkState, updateNetwork, type NetworkState } from '@lstm-gan/core';
import { createFold, type ShardRange, type SumTree } from '@lstm-gan/core/fold';
import { plainArithmetic } from '@lstm-gan/core/optimizer';
import { createLayout, roundToBfloat16, sliceLayout, sliceView } from '@lstm-gan/core/weights';
import type { RunConfig } from '@lstm-gan/run';
import type { PeerMessage } from '@lstm-gan/transport';
import { SlicedRound, type SlicePlace } from './sliced-round.ts';

const layout = createLayout([
  { name: 'dense/kernel', shape: [5], role: 'trainable' },
  { name: 'norm/movingMean', shape: [2], role: 'state' },
  { name: 'norm/movingVariance', shape: [2], role: 'state' },
  { name: 'out/kernel', shape: [3], role: 'trainable' },
]);
const slices: readonly SlicePlace[] = [
  { start: 0, end: 5 },
  { start: 5, end: 9 },
  { start: 9, end: 12 },
].map((range) => ({ range, layout: sliceLayout(layout, range) }));
const optimizer = { learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };
const shardCount = 4;
const place = { step: 7, phase: 'generator', turn: 0 } as const;
const round = { run: 'r', incarnation: 1, ...place, crew: 2 } as const;
const leases: readonly ShardRange[] = [
  { start: 0, end: 2 },
  { start: 2, end: 3 },
  { start: 3, end: 4 },
];

const numbers = (seed: number): Float32Array =>
  Float32Array.from({ length: layout.size }, (_, i) => Math.sin(12.9898 * i + seed) / 3);
const before: NetworkState = {
  ...createNetworkState(numbers(1)),
  firstMoments: numbers(2),
  secondMoments: numbers(3).map(Math.abs),
  beta1Power: 0.5,
  beta2Power: 0.9,
  updates: 1,
};
const sumOf = ({ start }: ShardRange): Float32Array => numbers(10 + start);
const stateOf = (slice: number): NetworkState => {
  const { range } = slices[slice];
  return {
    ...before,
    weights: sliceView(before.weights, range),
    firstMoments: sliceView(before.firstMoments, range),
    secondMoments: sliceView(before.secondMoments, range),
  };
};

/** The state that the coordinator of a star computes from the same partial sums. */
function starUpdate(): NetworkState {
  const fold = createFold({ start: 0, end: shardCount });
  for (const lease of leases) fold.add(lease, sumOf(lease));
  return updateNetwork(layout, before, fold.total() as SumTree, shardCount, optimizer).state;
}

interface Sent {
  readonly to: number;
  readonly message: PeerMessage;
}

/** Creates the members of a crew, and a list of the messages that are on their way between members. */
function createCrew(
  memberCount: number,
  { owners, backups }: { owners: readonly number[]; backups: readonly number[] },
  wire: RunConfig['wire'] = 'float32',
) {
  const underway: Sent[] = [];
  const members = Array.from(
    { length: memberCount },
    (_, self) =>
      new SlicedRound({
        place,
        slices,
        shardCount,
        optimizer,
        stateOf,
        arithmetic: plainArithmetic,
        wire,
        role: { self, memberCount, owners, backups },
        send(to, kind, slice, values, range) {
          const between = { ...round, slice, values: values.slice() };
          underway.push({
            to,
            message: kind === 'piece' ? { kind, ...between, range: range as ShardRange } : { kind, ...between },
          });
        },
      }),
  );
  return { members, underway };
}

/** Gives the first lease to the first member, the second lease to the second member, and so on, round-robin. */
function contributeAll(members: readonly SlicedRound[], sums = sumOf): void {
  leases.forEach((lease, k) => members[k % members.length].contribute([lease], [sums(lease)]));
}

const threeMembers = { owners: [0, 1, 2], backups: [1, 2, 0] };
const piece = (
  slice: number,
  range: ShardRange,
  values = new Float32Array(slices[slice].layout.size),
): PeerMessage => ({ kind: 'piece', ...round, slice, range, values });

describe('a sliced round', () => {
  it("gives every member the star's weights, and owner and backup its moments, in whatever order messages arrive", () => {
    const star = starUpdate();
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (choices) => {
        const { members, underway } = createCrew(3, threeMembers);
        contributeAll(members);
        for (const choice of choices) {
          if (underway.length === 0) break;
          const [{ to, message }] = underway.splice(choice % underway.length, 1);
          expect(members[to].take(message)).toBe(true);
        }
        for (const [self, member] of members.entries()) {
          expect(member.isWhole).toBe(true);
          expect(member.weights).toEqual(star.weights);
          expect([...member.states.keys()].sort()).toEqual(
            [0, 1, 2].filter((slice) => threeMembers.owners[slice] === self || threeMembers.backups[slice] === self),
          );
          for (const [slice, { firstMoments, secondMoments, updates }] of member.states) {
            expect(firstMoments).toEqual(sliceView(star.firstMoments, slices[slice].range));
            expect(secondMoments).toEqual(sliceView(star.secondMoments, slices[slice].range));
            expect(updates).toBe(2);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives every member the same rounded weights, while owner and backup keep unrounded ones', () => {
    const star = starUpdate();
    const rounded = star.weights.slice();
    roundToBfloat16(rounded);
    const { members, underway } = createCrew(3, threeMembers, 'bfloat16');
    contributeAll(members);
    for (let sent = underway.shift(); sent !== undefined; sent = underway.shift())
      expect(members[sent.to].take(sent.message)).toBe(true);
    for (const member of members) {
      expect(member.weights).toEqual(rounded);
      for (const [slice, { weights }] of member.states)
        expect(weights).toEqual(sliceView(star.weights, slices[slice].range));
    }
    expect(rounded).not.toEqual(star.weights);
  });

  it('is complete at once, without a message, if there is only one member', () => {
    const {
      members: [alone],
      underway,
    } = createCrew(1, { owners: [0, 0, 0], backups: [-1, -1, -1] });
    contributeAll([alone]);
    expect(alone.isWhole).toBe(true);
    expect(alone.weights).toEqual(starUpdate().weights);
    expect(underway).toEqual([]);
  });

  it('never writes on the state that it began with', () => {
    const { weights, firstMoments, secondMoments } = before;
    const copies = [weights.slice(), firstMoments.slice(), secondMoments.slice()];
    const { members } = createCrew(1, { owners: [0, 0, 0], backups: [-1, -1, -1] });
    contributeAll(members);
    expect([weights, firstMoments, secondMoments]).toEqual(copies);
  });

  it('sends first to the next member, so that not all members send to the same one', () => {
    const { members, underway } = createCrew(3, threeMembers);
    members[1].contribute([leases[0]], [sumOf(leases[0])]);
    expect(underway.map(({ to }) => to)).toEqual([2, 0]);
  });

  it('names the entry that would no longer be finite', () => {
    const {
      members: [alone],
    } = createCrew(1, { owners: [0, 0, 0], backups: [-1, -1, -1] });
    contributeAll([alone], (lease) => sumOf(lease).fill(lease.start === 2 ? Infinity : 1, 9));
    expect(alone.notFinite).toBe('out/kernel');
  });
});

describe('a message that does not fit its round', () => {
  const refused: readonly [string, PeerMessage][] = [
    ['a piece of a slice that another member owns', piece(1, { start: 0, end: 1 })],
    ['a piece of a slice that does not exist', { ...piece(0, { start: 0, end: 1 }), slice: 3 }],
    ['a piece of another size', piece(0, { start: 0, end: 1 }, new Float32Array(4))],
    ['a piece of shards that are no subtree', piece(0, { start: 1, end: 3 })],
    ['a piece of shards that do not exist', piece(0, { start: 4, end: 5 })],
    ['a piece of shards that have come before', piece(0, { start: 0, end: 1 })],
    ['a piece of shards of which some have come before', piece(0, { start: 0, end: 4 })],
    ['a sum of a slice that this member owns', { kind: 'total', ...round, slice: 0, values: new Float32Array(5) }],
    ['weights of a slice that this member owns', { kind: 'renewed', ...round, slice: 0, values: new Float32Array(5) }],
    [
      'weights of a slice that this member backs up',
      { kind: 'renewed', ...round, slice: 2, values: new Float32Array(3) },
    ],
    [
      'a sum of a slice that another member backs up',
      { kind: 'total', ...round, slice: 1, values: new Float32Array(4) },
    ],
  ];

  it.each(refused)('is dropped: %s', (_, message) => {
    const { members, underway } = createCrew(3, threeMembers);
    members[0].contribute([leases[0]], [sumOf(leases[0])]);
    expect(members[0].take(message)).toBe(false);
    // The dropped message does not change the result of the round.
    members[1].contribute([leases[1]], [sumOf(leases[1])]);
    members[2].contribute([leases[2]], [sumOf(leases[2])]);
    for (let sent = underway.shift(); sent !== undefined; sent = underway.shift()) members[sent.to].take(sent.message);
    expect(members[0].weights).toEqual(starUpdate().weights);
  });

  it('changes nothing when it comes twice', () => {
    const { members, underway } = createCrew(3, threeMembers);
    contributeAll(members);
    for (let sent = underway.shift(); sent !== undefined; sent = underway.shift()) {
      expect(members[sent.to].take(sent.message)).toBe(true);
      expect(members[sent.to].take(sent.message)).toBe(false);
    }
    for (const { weights } of members) expect(weights).toEqual(starUpdate().weights);
  });
});
