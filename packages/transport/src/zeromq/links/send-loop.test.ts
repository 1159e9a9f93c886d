import { expect, it } from 'vitest';
import { createSendLoop } from './send-loop.ts';

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('never sends twice at a time, and looks again if it was woken meanwhile', async () => {
  let [running, most, runs] = [0, 0, 0];
  const loop = createSendLoop(async () => {
    running += 1;
    most = Math.max(most, running);
    await soon();
    running -= 1;
    runs += 1;
    return false;
  });
  for (let k = 0; k < 3; k++) loop.wake();
  await loop.drain(() => true, 1000);
  expect([most, runs]).toEqual([1, 2]);
});

it('resolves for everything that waits, at once', async () => {
  let left = 3;
  const loop = createSendLoop(async () => {
    await soon();
    left -= 1;
    return left > 0;
  });
  let ended = 0;
  const waiting = [1, 2].map(() => loop.drain(() => left <= 0, 60_000).then(() => (ended += 1)));
  await Promise.all(waiting);
  expect(ended).toBe(2);
});

it('waits for at most the given time', async () => {
  const loop = createSendLoop(async () => false);
  await loop.drain(() => false, 10);
  // After the time of `drain` is over, the loop does not call the condition of `drain` again.
  let asked = 0;
  await loop.drain(() => ++asked < 0, 10);
  const before = asked;
  loop.wake();
  await soon();
  expect(asked).toBe(before);
});
