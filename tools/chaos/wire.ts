/** A TCP connection's way through this process, where it can be cut, or stand and carry nothing. */
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Wire {
  /** Where to connect instead. */
  readonly address: string;
  /** Breaks what is connected; who connects anew gets through. */
  cut(): void;
  /** While it is mute, connections stand and nothing passes. */
  mute(isMute: boolean): void;
  close(): Promise<void>;
}

/** @param port of 127.0.0.1 that it leads to */
export async function layWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isMuted = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      if (isMuted) socket.pause();
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as { port: number };
  return {
    address: `tcp://127.0.0.1:${own}`,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    mute(isMute) {
      isMuted = isMute;
      for (const socket of sockets) if (isMute) socket.pause(); else socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
