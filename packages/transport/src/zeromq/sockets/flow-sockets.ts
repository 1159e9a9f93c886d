/** The connecting end's sockets: a DEALER for each flow of a connection, with an I/O thread of its own. */
import { UserError } from '@lstm-gan/core/errors';
import { Context, Dealer } from 'zeromq';
import { defaultLimits, type Limits } from '../../codec/codec.ts';
import { createFlowChoice } from '../../codec/flow-order.ts';
import { chunkBytes, type Frame } from '../../codec/frame.ts';
import type { WorkerKeys } from '../keys/key-files.ts';
import { createFlowIds } from './flow-ids.ts';
import { heartbeatOptions } from './heartbeats.ts';
import { isLocalAddress } from './local-address.ts';
import { isIpv6Address } from './resolve-address.ts';

/** Where sockets connect to, and how long they wait. */
export interface FlowSocketOptions {
  /** For example `tcp://10.0.0.1:4321` or `tcp://[fd00::1]:4321`. A host name must have been resolved. */
  readonly connect: string;
  /** Needed for every address but `ipc://`. */
  readonly keys?: WorkerKeys;
  readonly limits?: Limits;
  /** libzmq closes a connection on which it hears nothing for this time. Default 4000 ms. */
  readonly deadLineMs?: number;
  /** How long closing waits until what is queued is sent. Default 2000 ms. */
  readonly lingerMs?: number;
}

export interface FlowSockets {
  /** Resolves when the frame is queued. */
  send(frame: Frame): Promise<void>;
  close(): void;
}

/** Called for what happens on the flows of a connection. */
export interface FlowEvents {
  /** All flows are connected. */
  connected(): void;
  /** The other end refuses a flow, for example because of its keys. */
  refuse(sentence: string): void;
  /** A flow that was connected has broken. */
  lost(sentence: string): void;
  take(flow: number, kind: string, parts: Buffer[]): void;
}

/** Begins to connect all flows. @param whom the word for the other end in sentences, such as `coordinator` */
export function openFlowSockets(
  options: FlowSocketOptions,
  flowCount: number,
  whom: string,
  events: FlowEvents,
): FlowSockets {
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
    // The other end learns of a flow from its first frame. Over TCP, nothing else is sent before its challenge has come.
    if (flow > 0 || !isLocalAddress(options.connect)) void socket.send(['P']).catch(() => undefined);
    return socket;
  });
  return {
    send: (frame) => sockets[choice.of(frame.kind)].send([frame.kind, ...('bytes' in frame ? [frame.bytes] : [])]),
    close: () => sockets.forEach((socket) => socket.close()),
  };
}

/**
 * Keeps the context of a socket until the events of the socket have ended. A closed socket no longer refers to its
 * context, so the context could be garbage-collected. zeromq would then shut it down, and the process would wait for
 * ever for the end of the socket's events.
 */
const contexts = new Set<Context>();

function openSocket(
  { connect, keys, limits = defaultLimits, deadLineMs = 4000, lingerMs = 2000 }: FlowSocketOptions,
  routingId: string,
): Dealer {
  const context = new Context();
  const socket = new Dealer({
    context,
    routingId,
    ...(isLocalAddress(connect) ? {} : curveOf(connect, keys)),
    ipv6: isIpv6Address(connect),
    linger: lingerMs,
    maxMessageSize: Math.max(chunkBytes, limits.maxHeaderBytes) + 64,
    ...heartbeatOptions(deadLineMs),
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

/** Reports what libzmq says of a flow: connected, lost, or never let in. */
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
  // libzmq reports a refusal either as an authentication error or as `handshake:error:other`.
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
