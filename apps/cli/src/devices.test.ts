import { expect, it } from 'vitest';
import { chooseDevice, countGpus } from './devices.ts';

it('computes on GPUs where there are some, unless it is told otherwise', () => {
  expect([chooseDevice('auto', 2), chooseDevice('auto', 0), chooseDevice('cpu', 2), chooseDevice('gpu', 1)]).toEqual(['gpu', 'cpu', 'cpu', 'gpu']);
  expect(countGpus('/nowhere')).toBe(0);
});

it('refuses to compute on a GPU where there is none, and says what to do', () => {
  const sentence = expect.objectContaining({ code: 'no-gpu', message: expect.stringContaining('shows none'), advice: expect.stringContaining('on the CPU') }) as Error;
  expect(() => chooseDevice('gpu', 0)).toThrow(sentence);
});
