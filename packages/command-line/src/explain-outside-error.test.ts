import { UserError } from '@lstm-gan/core/errors';
import { expect, it } from 'vitest';
import { explainOutsideError } from './explain-outside-error.ts';

it.each<[string, Error, string]>([
  ['the addon', Object.assign(new Error('no memory for 64 bytes'), { code: 'ERR_MEMORY' }), 'no memory for 64 bytes.'],
  [
    'TensorFlow',
    Object.assign(new Error('OOM when allocating tensor\n\t [[node]]'), { code: 'ERR_MEMORY' }),
    'OOM when allocating tensor.',
  ],
  ['tfjs-node', new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor'), 'OOM when allocating tensor.'],
  ['Node', new RangeError('Array buffer allocation failed'), 'Array buffer allocation failed.'],
])('says that there is too little memory if %s reports it', (_, error, reason) => {
  expect(explainOutsideError(error)).toMatchObject({
    code: 'out-of-memory',
    message: `There is too little memory: ${reason}`,
    advice: expect.stringContaining('--shard-size'),
  });
});

it('says that a disk is full, whichever write met it', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  });
  expect(explainOutsideError(error)).toMatchObject({
    code: 'cannot-write',
    message: 'A file cannot be written: the disk is full.',
  });
});

it('returns other errors as they are', () => {
  const user = new UserError({ code: 'a', message: 'b', advice: 'c', cause: { code: 'ENOSPC' } });
  for (const error of [user, new Error('Bug: something'), 'text']) expect(explainOutsideError(error)).toBe(error);
});
