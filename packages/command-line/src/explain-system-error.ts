/**
 * Explains errors that may occur anywhere: any allocation may find too little memory, and any write a full disk. Code
 * that meets such an error may also explain it itself.
 */
import { UserError } from '@lstm-gan/core/errors';
import { explainWriteError } from '@lstm-gan/run';

/** Returns a UserError for an error of the system. Returns any other error as it is. */
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
  // Reading never fails with these codes, so a write has failed.
  const { code, path } = error as NodeJS.ErrnoException;
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code ?? '') ? explainWriteError(path ?? 'A file', error) : error;
}

/**
 * Whether an error says that memory ran out. The addon says it with a code, Node with the message for an array, and
 * tfjs-node with TensorFlow's status 8, RESOURCE_EXHAUSTED.
 */
function isOutOfMemory({ message, code }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ERR_MEMORY' || message === 'Array buffer allocation failed' || message.startsWith('Invalid TF_Status: 8')
  );
}
