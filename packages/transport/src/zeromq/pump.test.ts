import { expect, it } from 'vitest';
import { createPump } from './pump.ts';

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('never runs a step twice at a time, and runs it again when it was woken meanwhile', async () => {
  let [running, most, runs] = [0, 0, 0];
  const pump = createPump(async () => {
    running += 1;
    most = Math.max(most, running);
    await soon();
    running -= 1;
    runs += 1;
    return false;
  });
  for (let k = 0; k < 3; k++) pump.wake();
  await pump.drained(() => true, 1000);
  expect([most, runs]).toEqual([1, 2]);
});

it('tells everybody who waits, at once', async () => {
  let left = 3;
  const pump = createPump(async () => {
    await soon();
    left -= 1;
    return left > 0;
  });
  let ended = 0;
  const waiting = [1, 2].map(() => pump.drained(() => left <= 0, 60_000).then(() => (ended += 1)));
  await Promise.all(waiting);
  expect(ended).toBe(2);
});

it('waits no longer than it may', async () => {
  const pump = createPump(async () => false);
  await pump.drained(() => false, 10);
  // Nor does it ask once more.
  let asked = 0;
  await pump.drained(() => ++asked < 0, 10);
  const before = asked;
  pump.wake();
  await soon();
  expect(asked).toBe(before);
});
