/**
 * A worker's end over ZeroMQ: one DEALER socket. It does not reconnect by itself: a lost line ends the link, with a
 * sentence, and whoever owns the worker decides what to do.
 */
import { Context, Dealer } from 'zeromq';
import { decodeCoordinatorHeader, defaultLimits, type Limits } from '../codec/codec.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import { createInbox, createOutbox, chunkBytes, type Frame } from '../codec/stream.ts';
import { createEventQueue } from '../event-queue.ts';
import type { WorkerLink, WorkerLinkEvent } from '../link.ts';
import { createPump } from './coordinator-link.ts';
import type { WorkerKeys } from './keys.ts';

export interface WorkerLinkOptions {
  /** For example `tcp://10.0.0.1:4321`. */
  readonly connect: string;
  readonly keys: WorkerKeys;
  readonly limits?: Limits;
  readonly deadLineMs?: number;
  /** How long to try to reach the coordinator. */
  readonly connectTimeoutMs?: number;
  readonly lingerMs?: number;
}

export function createWorkerLink(options: WorkerLinkOptions): WorkerLink {
  const { connect, keys, limits = defaultLimits, deadLineMs = 4000, connectTimeoutMs = 10_000, lingerMs = 2000 } = options;
  const socket = new Dealer({
    context: new Context(),
    curveServerKey: keys.serverKey,
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
    linger: lingerMs,
    maxMessageSize: Math.max(chunkBytes, limits.maxHeaderBytes) + 64,
    heartbeatInterval: Math.ceil(deadLineMs / 4),
    heartbeatTimeout: deadLineMs,
    heartbeatTimeToLive: deadLineMs,
  });
  const events = createEventQueue<WorkerLinkEvent>();
  const inbox = createInbox(decodeCoordinatorHeader, limits);
  const outbox = createOutbox();
  const control: Frame[] = [];
  let open = true;

  const pump = createPump(async () => {
    const frame = open ? (control.shift() ?? outbox.next()) : undefined;
    if (frame === undefined) return false;
    try {
      await socket.send([frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]);
    } catch (error) {
      if (open) end(`The line to the coordinator broke (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
      return false;
    }
    return true;
  });

  const end = (sentence: string): void => {
    if (!open) return;
    open = false;
    clearTimeout(patience);
    socket.close();
    events.push({ kind: 'closed', sentence });
    events.end();
  };

  const sayGoodbye = async (sentence: string): Promise<void> => {
    control.push({ kind: 'B' });
    await pump.drained(() => outbox.isEmpty() && control.length === 0, lingerMs);
    end(sentence);
  };

  const patience = setTimeout(() => end(`No coordinator answered at ${connect} within ${connectTimeoutMs / 1000} s.`), connectTimeoutMs);
  let taken = 0;
  /** Frames that came before the line went down are still in the socket: the link ends when none is left. */
  const endWhenDrained = (sentence: string): void => {
    const before = taken;
    setTimeout(() => (taken === before ? end(sentence) : endWhenDrained(sentence)), 50);
  };
  watch(socket, { end, endWhenDrained, connected: () => clearTimeout(patience) }, connect);
  socket.connect(connect);
  void receiveAll(socket, (kind, parts) => {
    taken += 1;
    try {
      if (kind === 'P') return;
      if (kind === 'B') return void sayGoodbye('The coordinator closed the link.');
      if (kind === 'G') outbox.grant();
      else {
        if ((kind !== 'H' && kind !== 'C') || parts.length !== 1) throw new ProtocolError('A frame is H, C, G, P or B with its bytes.');
        const message = inbox.accept(kind, parts[0]);
        if (kind === 'C') control.push({ kind: 'G' });
        if (message !== undefined) events.push({ kind: 'message', message });
      }
      pump.wake();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      end(`The coordinator broke the protocol: ${error.message}`);
    }
  });

  return {
    events: () => events,
    send(message) {
      if (!open) return;
      outbox.add(message);
      pump.wake();
    },
    async close() {
      if (!open) return;
      await pump.drained(() => outbox.isEmpty(), lingerMs);
      await sayGoodbye('The worker closed the link.');
    },
  };
}

/** Ends the link when libzmq says that the line is gone or was never let in. */
function watch(
  socket: Dealer,
  { end, endWhenDrained, connected }: { end(sentence: string): void; endWhenDrained(sentence: string): void; connected(): void },
  address: string,
): void {
  socket.events.on('handshake', connected);
  socket.events.on('disconnect', () => endWhenDrained('The coordinator is gone.'));
  const refused = `The coordinator at ${address} refused the keys of this worker.`;
  socket.events.on('handshake:error:auth', () => end(refused));
  socket.events.on('handshake:error:protocol', () => end(`${address} does not answer as a coordinator of this run does.`));
  socket.events.on('handshake:error:other', () => end(`The coordinator at ${address} did not let this worker in.`));
}

async function receiveAll(socket: Dealer, take: (kind: string, parts: Buffer[]) => void): Promise<void> {
  try {
    for await (const [kind, ...parts] of socket) take(kind?.toString('latin1') ?? '', parts);
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
