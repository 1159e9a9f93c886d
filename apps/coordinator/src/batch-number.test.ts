import { expect, it } from 'vitest';
import { batchNumber } from './batch-number.ts';

it.each([1, 2, 5])(
  'gives every one of %i discriminator phases a step the next batch, and the generator phase the one that follows',
  (discriminatorSteps) => {
    let next = 1;
    for (const step of [1, 2, 3]) {
      for (let turn = 0; turn < discriminatorSteps; turn++)
        expect(batchNumber({ step, phase: 'discriminator', turn }, discriminatorSteps)).toBe(next++);
      expect(batchNumber({ step, phase: 'generator', turn: 0 }, discriminatorSteps)).toBe(next);
    }
  },
);
