import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createCountdown, createProgressDisplay, formatDuration } from './progress-display.ts';

it('writes a line every few seconds if there is no terminal, and always the last one', async () => {
  const stream = new PassThrough();
  let nowMs = 0;
  const display = createProgressDisplay('Training', stream as unknown as NodeJS.WriteStream, () => nowMs);
  for (let step = 1; step <= 12; step++, nowMs += 1000) display.update(step, 12, `step ${step}`);
  display.stop();
  stream.end();
  expect((await stream.toArray()).join('')).toBe(
    'Training step 1\nTraining step 6\nTraining step 11\nTraining step 12\n',
  );
});

it('tells the remaining time from the pace of the steps, without the start before them', () => {
  let nowMs = 60_000;
  const countdown = createCountdown(110, () => nowMs);
  expect(countdown(10)).toBe('');
  nowMs += 1000;
  expect(countdown(20)).toBe('  9 s left');
});

it('writes durations in hours, minutes and seconds', () => {
  expect([12_000, 200_000, 3_720_000].map(formatDuration)).toEqual(['12 s', '3 min 20 s', '1 h 02 min']);
});
