/**
 * Any allocation may find too little memory, and any write a full disk. If the code that met such an error did not explain it,
 * it is explained here.
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
  // Only codes that reading never gives.
  const { code, path } = error as NodeJS.ErrnoException;
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code ?? '') ? explainWriteError(path ?? 'A file', error) : error;
}

/** Whether the addon (its code), Node (its message for an array) or tfjs-node (TensorFlow's RESOURCE_EXHAUSTED) lacked memory. */
function isOutOfMemory({ message, code }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ERR_MEMORY' || message === 'Array buffer allocation failed' || message.startsWith('Invalid TF_Status: 8')
  );
}
