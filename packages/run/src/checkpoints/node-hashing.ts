import { createHash } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Hashing } from '@lstm-gan/core/training';

/** SHA-256 in Node's native code. */
export const nodeHashing: Hashing = {
  create() {
    const hash = createHash('sha256');
    return { update: (bytes) => hash.update(bytes), hex: () => hash.digest('hex') };
  },
  pause: () => otherWork(),
};
