/** Connections of several flows, over real sockets, whose flows come late, break, or belong to another process. */
import { afterEach, expect, it } from 'vitest';
import type { Dealer } from 'zeromq';
import { encodeMessage } from '../../codec/codec.ts';
import type { CoordinatorLinkEvent } from '../../links.ts';
import { hello, take } from '../../testing/link-contract.ts';
import { closeOpened, curveOptions, openRawClient, startCoordinator } from '../../testing/raw-client.ts';
import { createFlowIds } from '../sockets/flow-ids.ts';

afterEach(closeOpened);

async function start() {
  const { coordinator, listed, events } = await startCoordinator();
  const connect = (routingId: string): Dealer =>
    openRawClient(coordinator.address, { routingId, ...curveOptions(listed) }).socket;
  return { coordinator, connect, events };
}

/** The kinds of the frames that come over a connection's first flow, until five pings have come in a row. */
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
const connectionOf = ({ connection }: CoordinatorLinkEvent): string => connection;

it('sends chunks only after every flow is there, and over each of them', async () => {
  const { coordinator, connect, events } = await start();
  const [first, second] = createFlowIds(2);
  const main = connect(first);
  await main.send(['H', header('early')]);
  coordinator.send(connectionOf(await take(events)), weights);
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
  // The answer shows that the coordinator knows this flow. It would not notice the end of a flow that it does not know.
  expect(await kindOf(other)).toBe('P');
  await main.send(['H', header('halved')]);
  const connection = connectionOf(await take(events));
  other.close();
  // A ROUTER notices a closed flow only when something is sent over that flow. In this test, every second chunk is sent
  // over the closed flow.
  const sending = setInterval(() => {
    coordinator.send(connection, { ...weights, values: weights.values.slice(0, 10) });
    void main.send(['G']);
  }, 10);
  expect(await take(events)).toMatchObject({ kind: 'left', connection });
  clearInterval(sending);
});

it('says that a worker has left that dies before its first flow has sent anything', async () => {
  const { connect, events } = await start();
  const other = connect(createFlowIds(2)[1]);
  await other.send(['P']);
  expect(await kindOf(other)).toBe('P');
  other.close();
  expect(await take(events)).toMatchObject({ kind: 'left' });
});

it('drops a worker that sends more chunks ahead on a flow than it was granted', async () => {
  const { connect, events } = await start();
  const [main, other] = createFlowIds(2).map(connect);
  await main.send(['H', header('greedy')]);
  const connection = connectionOf(await take(events));
  for (let k = 0; k < 9; k++) await other.send(['C', Buffer.alloc(1000)]);
  expect(await take(events)).toMatchObject({
    kind: 'left',
    connection,
    sentence: expect.stringContaining('9 frames of flow 1'),
  });
});

it('takes a client for a connection of its own if it does not know the name of the connection that it claims', async () => {
  const { connect, events } = await start();
  const [own] = createFlowIds(2);
  const stranger = connect(createFlowIds(2)[1]);
  await connect(own).send(['H', header('honest')]);
  const connection = connectionOf(await take(events));
  await stranger.send(['C', Buffer.alloc(1000)]);
  await connect('3 flows of nobody: 1').send(['H', header('plain')]);
  const plain = await take(events);
  expect(plain).toMatchObject({ kind: 'message', message: { worker: 'plain' } });
  expect(plain.connection).not.toBe(connection);
});
