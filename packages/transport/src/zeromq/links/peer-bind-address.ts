import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import path from 'node:path';
import { isLocalAddress, socketFileOf } from '../sockets/local-address.ts';

/**
 * Where a worker listens for other workers if no option says it. A host name must have been resolved. If the worker reaches the coordinator over TCP, it
 * listens at any free port of the address from which this machine sends to the coordinator. If the worker reaches the
 * coordinator over a socket file, it listens at a socket file in the same folder.
 */
export async function peerBindAddress(coordinator: string, worker: string): Promise<string> {
  if (isLocalAddress(coordinator))
    return `ipc://${path.join(path.dirname(socketFileOf(coordinator)), `peer-${worker}`)}`;
  const [, ipv6, host = ipv6, port] = /^tcp:\/\/(?:\[(.+)\]|(.+)):(\d+)$/.exec(coordinator) ?? [];
  // Nothing is sent: a datagram socket that is connected has the address that the system would send from.
  const socket = createSocket(ipv6 === undefined ? 'udp4' : 'udp6');
  try {
    socket.connect(Number(port), host);
    await once(socket, 'connect');
    const { address } = socket.address();
    return `tcp://${ipv6 === undefined ? address : `[${address}]`}:*`;
  } finally {
    socket.close();
  }
}
