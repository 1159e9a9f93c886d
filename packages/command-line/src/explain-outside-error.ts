/**
 * Explains errors that may occur anywhere: any allocation may find too little memory, and the system may refuse any
 * call. Code that catches such an error earlier may explain the error itself.
 */
import { UserError } from '@lstm-gan/core/errors';
import { explainSystemError } from '@lstm-gan/system';

/** Returns a UserError if memory ran out or the system refused a call. Returns any other error as it is. */
export function explainOutsideError(error: unknown): unknown {
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
  return explainSystemError(error);
}

/**
 * Whether an error says that memory ran out. The native addon sets the code ERR_MEMORY, Node gives the message "Array
 * buffer allocation failed", and tfjs-node's message begins with TensorFlow's status 8 (RESOURCE_EXHAUSTED).
 */
function isOutOfMemory({ message, code }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ERR_MEMORY' || message === 'Array buffer allocation failed' || message.startsWith('Invalid TF_Status: 8')
  );
}
