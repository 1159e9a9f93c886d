import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import path from 'node:path';
import { isLocalAddress, socketFileOf } from '../sockets/local-address.ts';

/**
 * Where a worker listens for other workers if no option says it. If the worker reaches the coordinator over TCP, it
 * listens at any free port of the address from which this machine sends to the coordinator. If the worker reaches the
 * coordinator over a socket file, it listens at a socket file in the same folder.
 */
export async function peerBindAddress(coordinator: string, worker: string): Promise<string> {
  if (isLocalAddress(coordinator))
    return `ipc://${path.join(path.dirname(socketFileOf(coordinator)), `peer-${worker}`)}`;
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
