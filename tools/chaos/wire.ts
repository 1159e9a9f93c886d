/**
 * Forwards TCP connections through this process, where they can be cut, slowed down, or kept open without carrying
 * anything.
 */
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface Wire {
  /** The address to connect to instead of the target's. */
  readonly address: string;
  /** Breaks all connections. New ones can be made at once. */
  cut(): void;
  /** Breaks all connections for the far end alone. The near end sees them open, but what it sends is lost. */
  halve(): void;
  /** While muted, connections stay open and carry nothing. */
  mute(isMute: boolean): void;
  /** Delays everything that is sent from now on by this many milliseconds. */
  delay(latencyMs: number): void;
  close(): Promise<void>;
}

interface Line {
  readonly near: Socket;
  readonly far: Socket;
  isHalved: boolean;
}

/** @param port the target's port on 127.0.0.1 */
export async function layWire(port: number): Promise<Wire> {
  const lines = new Set<Line>();
  let [isMuted, latencyMs] = [false, 0];
  const server = createServer((near) => {
    const line = { near, far: connect(port, '127.0.0.1'), isHalved: false };
    lines.add(line);
    join(line, () => latencyMs);
    near.once('close', () => lines.delete(line));
    if (isMuted) hold(line, true);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as { port: number };
  const cut = (): void => lines.forEach(({ near, far }) => [near, far].forEach((socket) => socket.destroy()));
  return {
    address: `tcp://127.0.0.1:${own}`,
    cut,
    halve() {
      for (const line of lines) {
        line.isHalved = true;
        line.far.destroy();
      }
    },
    mute(isMute) {
      isMuted = isMute;
      for (const line of lines) hold(line, isMute);
    },
    delay(milliseconds) {
      latencyMs = milliseconds;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function join(line: Line, latencyMs: () => number): void {
  const { near, far } = line;
  for (const socket of [near, far]) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
  }
  forward(near, far, latencyMs);
  forward(far, near, latencyMs);
  near.once('close', () => far.destroySoon());
  far.once('close', () => {
    if (!line.isHalved) near.destroySoon();
  });
}

/** Forwards chunks in their order, even if the latency has become shorter meanwhile. */
function forward(from: Socket, to: Socket, latencyMs: () => number): void {
  let before = Promise.resolve();
  from.on('data', (bytes: Buffer) => {
    const dueMs = performance.now() + latencyMs();
    before = before.then(async () => {
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 0) await delay(earlyMs);
      if (to.writable) to.write(bytes);
    });
  });
  from.on('end', () => (before = before.then(() => void to.end())));
}

function hold({ near, far }: Line, isHeld: boolean): void {
  for (const socket of [near, far])
    if (isHeld) socket.pause();
    else socket.resume();
}
