/** The connecting end's sockets: a DEALER for each flow of a line, with an I/O thread of its own. */
import { UserError } from '@lstm-gan/core';
import { Context, Dealer } from 'zeromq';
import { defaultLimits } from '../codec/codec.ts';
import { createFlowChoice } from '../codec/flows.ts';
import { chunkBytes, type Frame } from '../codec/stream.ts';
import { isLocalAddress } from './coordinator-link.ts';
import { createFlowIds } from './flow-ids.ts';
import { heartbeatsOf } from './heartbeats.ts';
import type { WorkerKeys } from './keys.ts';
import type { WorkerLinkOptions } from './worker-link.ts';

export interface Flows {
  /** Resolves when the frame is queued. */
  send(frame: Frame): Promise<void>;
  close(): void;
}

/** What is told of a line's flows. */
export interface FlowEvents {
  /** All of them stand. */
  connected(): void;
  /** The other end lets one of them not in, and says so. */
  refuse(sentence: string): void;
  /** One was there, and is gone. */
  lost(sentence: string): void;
  take(flow: number, kind: string, parts: Buffer[]): void;
}

/** Connects. @param whom what the other end is called in sentences */
export function openFlows(options: WorkerLinkOptions, flowCount: number, whom: string, events: FlowEvents): Flows {
  const choice = createFlowChoice(flowCount);
  let missing = flowCount;
  const connected = (): void => {
    missing -= 1;
    if (missing === 0) events.connected();
  };
  const sockets = createFlowIds(flowCount).map((routingId, flow) => {
    const socket = openSocket(options, routingId);
    watch(socket, { ...events, connected }, options.connect, whom);
    socket.connect(options.connect);
    void receiveAll(socket, (kind, parts) => events.take(flow, kind, parts));
    // The other end knows a flow from the first frame on.
    if (flow > 0) void socket.send(['P']).catch(() => undefined);
    return socket;
  });
  return {
    send: (frame) => sockets[choice.of(frame.kind)].send([frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]),
    close: () => sockets.forEach((socket) => socket.close()),
  };
}

/**
 * Contexts of sockets that have not ended. A closed socket lets go of its context, zeromq shuts down a context that is
 * collected, and the process would then wait for ever for the end of the socket's events.
 */
const contexts = new Set<Context>();

function openSocket(
  { connect, keys, limits = defaultLimits, deadLineMs = 4000, lingerMs = 2000 }: WorkerLinkOptions,
  routingId: string,
): Dealer {
  const context = new Context();
  const socket = new Dealer({
    context,
    routingId,
    ...(isLocalAddress(connect) ? {} : curveOf(connect, keys)),
    linger: lingerMs,
    maxMessageSize: Math.max(chunkBytes, limits.maxHeaderBytes) + 64,
    ...heartbeatsOf(deadLineMs),
  });
  contexts.add(context);
  socket.events.on('end', () => contexts.delete(context));
  return socket;
}

function curveOf(address: string, keys: WorkerKeys | undefined) {
  if (keys === undefined) {
    throw new UserError({
      code: 'key-file',
      message: `${address} is reached with keys, and none were given.`,
      advice: 'Give the key file that the coordinator made for its workers, or a copy of it, with --key-file.',
    });
  }
  return { curveServerKey: keys.serverKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey };
}

/** Tells what libzmq says of a line: that it is gone, or was never let in. */
function watch(
  socket: Dealer,
  { connected, refuse, lost }: Omit<FlowEvents, 'take'>,
  address: string,
  whom: string,
): void {
  socket.events.on('handshake', connected);
  socket.events.on('disconnect', () => lost(`The ${whom} is gone.`));
  const refused = `The ${whom} at ${address} refused the keys of this worker.`;
  socket.events.on('handshake:error:auth', () => refuse(refused));
  socket.events.on('handshake:error:protocol', () =>
    refuse(`${address} does not answer as a ${whom} of this run does.`),
  );
  // libzmq tells a refusal apart from other errors only sometimes.
  socket.events.on('handshake:error:other', () =>
    refuse(`The ${whom} at ${address} did not let this worker in: its keys are not this run's.`),
  );
}

async function receiveAll(socket: Dealer, take: (kind: string, parts: Buffer[]) => void): Promise<void> {
  try {
    for await (const [kind, ...parts] of socket) take(kind?.toString('latin1') ?? '', parts);
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
