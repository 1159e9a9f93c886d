/**
 * What the machine lacks can show anywhere: memory in any allocation, room in any write. Where nobody explained it on the
 * way, it is explained here.
 */
import { UserError } from '@lstm-gan/core';
import { explainWriteError } from '@lstm-gan/run';

/** The sentence for an error of the system; other errors come back as they are. */
export function explainSystemError(error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  if (isOutOfMemory(error)) {
    return new UserError({
      code: 'out-of-memory',
      message: `There is too little memory: ${error.message
        .replace(/^Invalid TF_Status: \d+\s+Message: /, '')
        .split('\n')[0]
        .replace(/\.$/, '')}.`,
      advice:
        'Let a worker do less at a time with a smaller --shard-size, start fewer --workers on this machine, or give it more memory.',
      cause: error,
    });
  }
  // Only what cannot have come from reading.
  const { code, path } = error as NodeJS.ErrnoException;
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code ?? '') ? explainWriteError(path ?? 'A file', error) : error;
}

/** The addon's code; Node's words for an array; tfjs-node's for TensorFlow's RESOURCE_EXHAUSTED. */
function isOutOfMemory({ message, code }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ERR_MEMORY' || message === 'Array buffer allocation failed' || message.startsWith('Invalid TF_Status: 8')
  );
}
