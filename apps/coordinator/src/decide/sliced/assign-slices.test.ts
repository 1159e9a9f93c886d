import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignSlices, type Candidate, type Holders } from './assign-slices.ts';

const crewOf = (count: number, hosts = count): Candidate[] =>
  Array.from({ length: count }, (_, k) => ({ connection: `p${k}`, host: `h${k % hosts}` }));
const none = (count: number): undefined[] => Array<undefined>(count).fill(undefined);
const counts = (connections: readonly (string | undefined)[], crew: readonly Candidate[]) =>
  crew.map(({ connection }) => connections.filter((other) => other === connection).length);

it('shares slices out evenly, each with a backup that is not its owner', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 1, max: 16 }), (workers, slices) => {
      const crew = crewOf(workers);
      const holders = assignSlices(crew, none(slices));
      for (const connections of [holders.map(({ owner }) => owner), holders.map(({ backup }) => backup)]) {
        expect(Math.max(...counts(connections, crew))).toBeLessThanOrEqual(Math.ceil(slices / workers) + 1);
      }
      for (const { owner, backup } of holders) expect(backup).not.toBe(owner);
      expect(holders.every(({ backup }) => backup !== undefined)).toBe(true);
    }),
  );
});

it('leaves slices without a backup where there is one worker', () => {
  expect(assignSlices(crewOf(1), none(2))).toEqual([
    { owner: 'p0', backup: undefined },
    { owner: 'p0', backup: undefined },
  ]);
});

it('has every backup on another machine than its owner, where there is another', () => {
  const crew = crewOf(4, 2);
  const hostOf = (connection: string | undefined) =>
    crew.find((candidate) => candidate.connection === connection)?.host;
  for (const { owner, backup } of assignSlices(crew, none(16))) expect(hostOf(backup)).not.toBe(hostOf(owner));
});

it('makes the backup the owner when the owner is gone, and moves no other slice', () => {
  const before = assignSlices(crewOf(4), none(16));
  const after = assignSlices(crewOf(4).slice(1), before);
  before.forEach(({ owner, backup }, k) => {
    if (owner !== 'p0') expect(after[k].owner).toBe(owner);
    else expect([backup, 'p1', 'p2', 'p3']).toContain(after[k].owner);
  });
  expect(
    Math.max(
      ...counts(
        after.map(({ owner }) => owner),
        crewOf(4),
      ),
    ),
  ).toBeLessThanOrEqual(6);
});

it('moves no more than a newcomer is to have', () => {
  const before: Holders[] = assignSlices(crewOf(3), none(16));
  const after = assignSlices(crewOf(4), before);
  expect(after.filter(({ owner }, k) => owner !== before[k].owner)).toHaveLength(4);
});

it('changes nothing for the same crew', () => {
  const before = assignSlices(crewOf(5, 3), none(16));
  expect(assignSlices(crewOf(5, 3), before)).toEqual(before);
});
