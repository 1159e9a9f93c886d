import { decodeWorkerHeader } from '../../codec/codec.ts';
import type { KeyedLink } from '../../links.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../protocol/messages.ts';
import { openListeningLink, type ListeningLinkOptions } from './listening-link.ts';

/** Where a coordinator listens, who may connect, and how long it waits. */
export type CoordinatorLinkOptions = ListeningLinkOptions;

/**
 * Opens the coordinator's link, which all workers connect to. Rejects with a UserError if the address cannot be bound.
 * See `ListeningLink` for what it promises.
 */
export function createCoordinatorLink(options: CoordinatorLinkOptions): Promise<KeyedLink> {
  return openListeningLink<WorkerMessage, CoordinatorMessage>(options, {
    decode: decodeWorkerHeader,
    refusal: (sentence) => ({ kind: 'reject', reason: 'malformed-message', sentence }),
    dropped: { told: 'The key of this worker was revoked.', sentence: 'Its key was revoked.' },
  });
}
