/**
 * For tests of what foreign clients may do: a coordinator's link over TCP that lets in one key, and clients that use
 * libzmq without the code of this project.
 */
import { Context, Dealer } from 'zeromq';
import { createCoordinatorLink, type CoordinatorLinkOptions } from '../zeromq/links/coordinator-link.ts';
import { createKeyPair, type WorkerKeys } from '../zeromq/keys/key-files.ts';
import { proveKey } from '../zeromq/keys/key-proof.ts';

/** Links and sockets to close after a test. */
export const opened: { close(): Promise<void> | void }[] = [];

/** Closes everything that was opened, the last one first. */
export async function closeOpened(): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one.close();
}

/** Opens a coordinator's link that lets in one key. */
export async function startCoordinator(options: Partial<CoordinatorLinkOptions> = {}) {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const allowed = new Set([client.publicKey]);
  const coordinator = await createCoordinatorLink({
    keys: server,
    isAuthorized: (key) => allowed.has(key),
    ...options,
  });
  opened.push(coordinator);
  const listed: WorkerKeys = { ...client, serverKey: server.publicKey };
  return { coordinator, server, listed, allowed, events: coordinator.events()[Symbol.asyncIterator]() };
}

/** CURVE options of a socket that connects with these keys. */
export function curveOptions({ serverKey, publicKey, secretKey }: WorkerKeys) {
  return { curveServerKey: serverKey, curvePublicKey: publicKey, curveSecretKey: secretKey };
}

/** Makes itself known over a flow, and resolves to the challenge that comes over it. */
export async function challengeOf(socket: Dealer): Promise<Buffer> {
  await socket.send(['P']);
  for (;;) {
    const [kind, challenge] = await socket.receive();
    if (String(kind) === 'K') return challenge;
  }
}

/** Proves keys over the first flow of a connection, as a worker does before its first message. */
export async function proveOver(socket: Dealer, keys: WorkerKeys): Promise<void> {
  await socket.send(['K', proveKey(keys, await challengeOf(socket))]);
}

/**
 * Opens a client that uses libzmq without the code of this project. `handshake` resolves with the type of the first
 * event of the client's monitor.
 */
export function openRawClient(
  address: string,
  options: ConstructorParameters<typeof Dealer>[0],
): { socket: Dealer; handshake: Promise<string> } {
  const socket = new Dealer({ context: new Context(), linger: 0, ...options });
  const handshake = new Promise<string>((resolve) => {
    for (const type of [
      'handshake',
      'handshake:error:auth',
      'handshake:error:protocol',
      'handshake:error:other',
      'disconnect',
    ] as const) {
      socket.events.on(type, () => resolve(type));
    }
  });
  socket.connect(address);
  opened.push({ close: () => socket.close() });
  return { socket, handshake };
}
