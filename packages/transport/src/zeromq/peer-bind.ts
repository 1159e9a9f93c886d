/** Where a worker listens for the others, unless it is told. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import path from 'node:path';
import { isLocalAddress } from './coordinator-link.ts';

/**
 * Where the others can reach a worker that reaches its coordinator: at the address that leads there, any free port; beside a
 * coordinator's socket in the file system, a socket of its own.
 */
export async function peerBind(coordinator: string, worker: string): Promise<string> {
  if (isLocalAddress(coordinator))
    return `ipc://${path.join(path.dirname(coordinator.slice('ipc://'.length)), `peer-${worker}`)}`;
  const [, host, port] = /^tcp:\/\/(.+):(\d+)$/.exec(coordinator) ?? [];
  // Nothing is sent: a datagram socket that is connected has the address that the system would send from.
  const socket = createSocket('udp4');
  try {
    socket.connect(Number(port), host);
    await once(socket, 'connect');
    return `tcp://${socket.address().address}:*`;
  } finally {
    socket.close();
  }
}
