import { Router, type Context } from 'zeromq';
import type { Limits } from '../../codec/codec.ts';
import { chunkBytes } from '../../codec/frame.ts';
import { zapDomain } from '../keys/authorization.ts';
import type { KeyPair } from '../keys/key-files.ts';

export interface ListeningSocketOptions {
  readonly context: Context;
  /** The keys of this end; undefined for a socket file, which the kernel guards. */
  readonly keys: KeyPair | undefined;
  readonly limits: Limits;
  readonly ipv6: boolean;
}

const mostWaitingFrames = 256;

/** Makes the socket that the other ends connect to. It is not bound yet. */
export function openListeningSocket({ context, keys, limits, ipv6 }: ListeningSocketOptions): Router {
  const curve =
    keys === undefined
      ? {}
      : { curveServer: true, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey, zapDomain };
  return new Router({
    context,
    ipv6,
    ...curve,
    mandatory: true,
    // A frame that cannot be sent at once is for a process that is gone, because credit keeps the queue of every
    // connection far from full. With this option, such a send fails at once. Without it, when no connection is left,
    // zeromq 6.8 waits until the socket can be written again. Such a send may swallow the wake-up of a receive: a
    // worker that joined just then was never heard, and waited for ever.
    sendTimeout: 0,
    // A link that closes has already waited for goodbyes. Frames for an end that did not answer are dropped.
    linger: 0,
    // The most received frames that wait for each connection. Further frames wait at the sender. Credit and pings keep
    // the number of waiting frames below this limit.
    receiveHighWaterMark: mostWaitingFrames,
    maxMessageSize: Math.max(chunkBytes, limits.maxHeaderBytes) + 64,
  });
}
