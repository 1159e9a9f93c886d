import { ready } from '@tensorflow/tfjs-core';
import { UserError } from '../errors/user-error.ts';

/** Waits until tfjs's backend has started. Rejects with a UserError if there is none. */
export async function readyBackend(): Promise<void> {
  try {
    await ready();
  } catch (cause) {
    throw new UserError({
      code: 'tfjs-without-backend',
      message: 'tfjs has no backend that could compute.',
      advice: "First import '@tensorflow/tfjs', or a backend alone, for example '@tensorflow/tfjs-backend-cpu'.",
      cause,
    });
  }
}
