import { Reply, type Context } from 'zeromq';
import { encodeZ85 } from './keys.ts';

/**
 * Lets listed client keys in and nobody else. CURVE alone admits every client that knows the server's public key; this
 * answers libzmq's question about each client (ZAP, ZeroMQ RFC 27) before it can send anything.
 */
export interface Admission {
  close(): void;
}

export const zapDomain = 'lstm-gan';

/** Answers for all sockets of a context, until closed. `isAuthorized` is asked at every handshake, so keys can be revoked. */
export async function startAdmission(
  context: Context,
  isAuthorized: (publicKey: string) => boolean,
): Promise<Admission> {
  const socket = new Reply({ context });
  await socket.bind('inproc://zeromq.zap.01');
  void answer(socket, isAuthorized);
  return { close: () => socket.close() };
}

async function answer(socket: Reply, isAuthorized: (publicKey: string) => boolean): Promise<void> {
  try {
    for await (const [version, requestId, domain, , , mechanism, key] of socket) {
      const known =
        domain?.toString() === zapDomain &&
        mechanism?.toString() === 'CURVE' &&
        key?.length === 32 &&
        isAuthorized(encodeZ85(key));
      const verdict = known ? ['200', 'OK', 'worker'] : ['400', 'not authorized', ''];
      await socket.send([version, requestId, ...verdict, '']);
    }
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
