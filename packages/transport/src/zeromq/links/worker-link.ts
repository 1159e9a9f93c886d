import { UserError } from '@lstm-gan/core/errors';
import { decodeCoordinatorHeader } from '../../codec/codec.ts';
import type { WorkerLink } from '../../links.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../protocol/messages.ts';
import { openConnectingLink, type ConnectingLinkOptions } from './connecting-link.ts';

/** Where a worker's coordinator is, with which keys to connect, and how long to wait. */
export type WorkerLinkOptions = ConnectingLinkOptions;

/**
 * Opens a worker's link to its coordinator. Throws a UserError if the address is malformed, or if keys are needed and
 * missing. Everything that goes wrong later comes as the event `closed`.
 */
export function createWorkerLink(options: WorkerLinkOptions): WorkerLink {
  if (!/^(tcp:\/\/[^\s/]+:\d{1,5}|ipc:\/\/.+)$/.test(options.connect)) {
    throw new UserError({
      code: 'address-not-available',
      message: `${options.connect} is no address of a coordinator.`,
      advice: 'Give tcp://HOST:PORT, as the coordinator prints it.',
    });
  }
  return openConnectingLink<CoordinatorMessage, WorkerMessage>(options, {
    decode: decodeCoordinatorHeader,
    whom: 'coordinator',
  });
}
