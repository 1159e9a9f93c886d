/** Lines of several flows whose flows come late, break, or are somebody else's, over real sockets. */
import { afterEach, expect, it } from 'vitest';
import { Context, Dealer } from 'zeromq';
import { encodeMessage } from '../codec/codec.ts';
import type { CoordinatorLinkEvent } from '../link.ts';
import { hello, take } from '../testing/link-contract.ts';
import { createCoordinatorLink } from './coordinator-link.ts';
import { createFlowIds, defaultFlowCount, readFlowId } from './flow-ids.ts';
import { createKeyPair } from './keys.ts';

const opened: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const link of opened.splice(0).reverse()) await link.close();
});

async function start() {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const coordinator = await createCoordinatorLink({ keys: server, isAuthorized: (key) => key === client.publicKey });
  opened.push(coordinator);
  const connect = (routingId: string): Dealer => {
    const socket = new Dealer({
      context: new Context(),
      linger: 0,
      routingId,
      curveServerKey: server.publicKey,
      curvePublicKey: client.publicKey,
      curveSecretKey: client.secretKey,
    });
    socket.connect(coordinator.address);
    opened.push({ close: () => socket.close() });
    return socket;
  };
  return { coordinator, connect, events: coordinator.events()[Symbol.asyncIterator]() };
}

/** Kinds of what comes over a first flow, before five pings in a row say that nothing more does. */
async function kindsOf(socket: Dealer): Promise<string> {
  let kinds = '';
  for (let pings = 0; pings < 5;) {
    const [kind] = (await socket.receive()).map(String);
    if (kind === 'P') pings += 1;
    else [kinds, pings] = [kinds + kind, 0];
  }
  return kinds;
}

const kindOf = async (socket: Dealer): Promise<string> => String((await socket.receive())[0]);

const header = (name: string) => encodeMessage(hello(name)).header;
const weights = {
  kind: 'weights',
  run: 'r',
  incarnation: 1,
  membership: 1,
  network: 'generator',
  version: 1,
  values: new Float32Array(3 * 2 ** 19),
} as const;
weights.values.fill(0.1);
const peerOf = ({ peer }: CoordinatorLinkEvent): string => peer;

it('sends chunks when every flow is there, and over each of them', async () => {
  const { coordinator, connect, events } = await start();
  const [first, second] = createFlowIds(2);
  const main = connect(first);
  await main.send(['H', header('early')]);
  coordinator.send(peerOf(await take(events)), weights);
  expect(await kindsOf(main)).toBe('H');
  const other = connect(second);
  await other.send(['P']);
  expect(await kindsOf(main)).toBe('CC');
  expect(await kindOf(other)).toBe('C');
});

it('says that a worker has left when one of its flows is gone', async () => {
  const { coordinator, connect, events } = await start();
  const [main, other] = createFlowIds(2).map(connect);
  await other.send(['P']);
  await main.send(['H', header('halved')]);
  const peer = peerOf(await take(events));
  other.close();
  // A ROUTER tells of it when something is sent there; every second chunk is.
  const sending = setInterval(() => {
    coordinator.send(peer, { ...weights, values: weights.values.slice(0, 10) });
    void main.send(['G']);
  }, 10);
  expect(await take(events)).toMatchObject({ kind: 'left', peer });
  clearInterval(sending);
});

it('forgets who dies before its first flow was heard', async () => {
  const { connect, events } = await start();
  const other = connect(createFlowIds(2)[1]);
  await other.send(['P']);
  expect(await kindOf(other)).toBe('P');
  other.close();
  expect(await take(events)).toMatchObject({ kind: 'left' });
});

it('drops a worker that sends ahead on a flow more than it was granted', async () => {
  const { connect, events } = await start();
  const [main, other] = createFlowIds(2).map(connect);
  await main.send(['H', header('greedy')]);
  const peer = peerOf(await take(events));
  for (let k = 0; k < 9; k++) await other.send(['C', Buffer.alloc(1000)]);
  expect(await take(events)).toMatchObject({
    kind: 'left',
    peer,
    sentence: expect.stringContaining('9 frames of flow 1'),
  });
});

it('takes nobody for a flow of a line whose name it does not know', async () => {
  const { connect, events } = await start();
  const [own] = createFlowIds(2);
  const stranger = connect(createFlowIds(2)[1]);
  await connect(own).send(['H', header('honest')]);
  const peer = peerOf(await take(events));
  await stranger.send(['C', Buffer.alloc(1000)]);
  await connect('3 flows of nobody: 1').send(['H', header('plain')]);
  const plain = await take(events);
  expect(plain).toMatchObject({ kind: 'message', message: { worker: 'plain' } });
  expect(plain.peer).not.toBe(peer);
});

it('reads the flows of lines, and takes every other name for a line of one', () => {
  const [first, second] = createFlowIds(2).map((id) => readFlowId(Buffer.from(id)));
  expect([first, second]).toEqual([
    { line: first.line, flow: 0, flowCount: 2 },
    { line: first.line, flow: 1, flowCount: 2 },
  ]);
  expect(readFlowId(Buffer.from(createFlowIds(2)[0])).line).not.toBe(first.line);
  for (const id of ['', 'w', first.line, `${first.line}: 2`, `9${first.line.slice(1)}: 1`])
    expect(readFlowId(Buffer.from(id))).toMatchObject({ flow: 0, flowCount: 1 });
});

it('uses as many flows as there are processors to spare', () => {
  expect([1, 2, 3, 4, 7, 8, 96].map((processors) => defaultFlowCount(processors))).toEqual([1, 1, 1, 2, 3, 4, 4]);
});
