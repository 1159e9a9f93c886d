import { Router, type Context } from 'zeromq';
import type { Limits } from '../codec/codec.ts';
import { chunkBytes } from '../codec/stream.ts';
import { zapDomain } from './admission.ts';
import type { KeyPair } from './keys.ts';

export interface ListeningSocketOptions {
  readonly context: Context;
  /** Of this end, which the context's admission goes with; none for a socket that the kernel guards. */
  readonly keys: KeyPair | undefined;
  readonly limits: Limits;
}

const mostWaitingFrames = 256;

/** The socket that peers connect to, not bound yet. */
export function openListeningSocket({ context, keys, limits }: ListeningSocketOptions): Router {
  return new Router({
    context,
    ...(keys === undefined
      ? {}
      : { curveServer: true, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey, zapDomain }),
    mandatory: true,
    // Credit keeps every pipe far from full, so whatever cannot be sent at once goes to a peer that is gone: it fails at once.
    // zeromq 6.8 would wait, once no peer is left, until the socket is writable again, and such a send may swallow the wake-up
    // of a receive: a worker that joined just then was never heard, and waited for ever.
    sendTimeout: 0,
    // Whoever has everything has said goodbye before the socket is closed; for others nothing is kept.
    linger: 0,
    // Of each peer; more than one that keeps to credit and pings ever has under way. What is beyond waits at the peer.
    receiveHighWaterMark: mostWaitingFrames,
    maxMessageSize: Math.max(chunkBytes, limits.maxHeaderBytes) + 64,
  });
}
