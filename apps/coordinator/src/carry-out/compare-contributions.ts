/**
 * Compares contributions of two workers for the same shards. Only hashes are kept, because the fold overwrites the
 * sums.
 */
import { createHash } from 'node:crypto';
import type { Contribution } from '@lstm-gan/transport';

export interface Comparison {
  /** Keeps the hash of a contribution for a lease that another worker computes as well. */
  note(lease: number, worker: string, contribution: Contribution): void;
  /**
   * The worker whose contribution for the same lease had different bits. Undefined if the bits are equal or the lease
   * is not known.
   */
  whoDiffers(lease: number, contribution: Contribution): string | undefined;
}

/** The most hashes that are kept. The oldest hashes are dropped, because some second contributions never come. */
const mostKept = 64;

export function createComparison(): Comparison {
  const noted = new Map<number, { readonly worker: string; readonly hash: string }>();
  return {
    note(lease, worker, contribution) {
      const [oldest] = noted.keys();
      if (noted.size >= mostKept && oldest !== undefined) noted.delete(oldest);
      noted.set(lease, { worker, hash: hashOf(contribution) });
    },
    whoDiffers(lease, contribution) {
      const first = noted.get(lease);
      noted.delete(lease);
      return first === undefined || first.hash === hashOf(contribution) ? undefined : first.worker;
    },
  };
}

function hashOf({ losses, sums }: Contribution): string {
  const hash = createHash('sha256').update(JSON.stringify(losses));
  for (const sum of sums) hash.update(new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength));
  return hash.digest('hex');
}
