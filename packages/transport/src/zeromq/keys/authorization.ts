import { Reply, type Context } from 'zeromq';
import { encodeZ85 } from './z85.ts';

/**
 * Decides which client keys may connect. CURVE alone accepts every client that knows the server's public key. So libzmq
 * asks about each client (ZAP, ZeroMQ RFC 27), and an `Authorization` answers before the client can send anything.
 */
export interface Authorization {
  close(): void;
}

export const zapDomain = 'lstm-gan';

/**
 * Starts to decide, for all sockets of a context, which keys may connect. Ends when the returned object is closed.
 * `isAuthorized` is called at every handshake, so keys can be revoked.
 */
export async function startAuthorization(
  context: Context,
  isAuthorized: (publicKey: string) => boolean,
): Promise<Authorization> {
  const socket = new Reply({ context });
  await socket.bind('inproc://zeromq.zap.01');
  void answer(socket, isAuthorized);
  return { close: () => socket.close() };
}

async function answer(socket: Reply, isAuthorized: (publicKey: string) => boolean): Promise<void> {
  try {
    for await (const [version, requestId, domain, , , mechanism, key] of socket) {
      const isKnown =
        domain?.toString() === zapDomain &&
        mechanism?.toString() === 'CURVE' &&
        key?.length === 32 &&
        isAuthorized(encodeZ85(key));
      const verdict = isKnown ? ['200', 'OK', 'worker'] : ['400', 'not authorized', ''];
      await socket.send([version, requestId, ...verdict, '']);
    }
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
