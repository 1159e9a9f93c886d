/** Connections of several flows, over real sockets, whose flows come late, break, or belong to another process. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { Dealer } from 'zeromq';
import { encodeMessage } from '../../codec/codec.ts';
import type { CoordinatorLinkEvent } from '../../links.ts';
import { hello, take } from '../../testing/link-contract.ts';
import {
  challengeOf,
  closeOpened,
  curveOptions,
  openRawClient,
  proveOver,
  startCoordinator,
} from '../../testing/raw-client.ts';
import { proveKey } from '../keys/key-proof.ts';
import { sampleContribution } from '../../testing/sample-messages.ts';
import { createFlowIds } from '../sockets/flow-ids.ts';

afterEach(closeOpened);

async function start() {
  const { coordinator, listed, events } = await startCoordinator();
  const connect = (routingId: string): Dealer =>
    openRawClient(coordinator.address, { routingId, ...curveOptions(listed) }).socket;
  /** Proves the key over the flow, and says hello over it. */
  const greet = async (socket: Dealer, name: string): Promise<void> => {
    await proveOver(socket, listed);
    await socket.send(['H', header(name)]);
  };
  return { coordinator, connect, greet, listed, events };
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
  const { coordinator, connect, greet, events } = await start();
  const [first, second] = createFlowIds(2);
  const main = connect(first);
  await greet(main, 'early');
  coordinator.send(connectionOf(await take(events)), weights);
  expect(await kindsOf(main)).toBe('H');
  const other = connect(second);
  await other.send(['P']);
  expect(await kindsOf(main)).toBe('CC');
  expect(await kindOf(other)).toBe('C');
});

it('says that a worker has left when one of its flows is gone', async () => {
  const { coordinator, connect, listed, events } = await start();
  const [main, other] = createFlowIds(2).map(connect);
  // The challenge shows that the coordinator knows this flow. It would not notice the end of a flow that it does not
  // know. The proof comes over the first flow, as always.
  await main.send(['K', proveKey(listed, await challengeOf(other))]);
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
  await challengeOf(other);
  other.close();
  expect(await take(events)).toMatchObject({ kind: 'left' });
});

it('drops a worker that sends more chunks ahead on a flow than it was granted', async () => {
  const { connect, greet, events } = await start();
  const [main, other] = createFlowIds(2).map(connect);
  await greet(main, 'greedy');
  const connection = connectionOf(await take(events));
  for (let k = 0; k < 9; k++) await other.send(['C', Buffer.alloc(1000)]);
  expect(await take(events)).toMatchObject({
    kind: 'left',
    connection,
    sentence: expect.stringContaining('9 frames of flow 1'),
  });
});

it('takes a client for a connection of its own if it does not know the name of the connection that it claims', async () => {
  const { connect, greet, events } = await start();
  const [own] = createFlowIds(2);
  const stranger = connect(createFlowIds(2)[1]);
  await greet(connect(own), 'honest');
  const connection = connectionOf(await take(events));
  await stranger.send(['C', Buffer.alloc(1000)]);
  await greet(connect('3 flows of nobody: 1'), 'plain');
  const plain = await take(events);
  expect(plain).toMatchObject({ kind: 'message', message: { worker: 'plain' } });
  expect(plain.connection).not.toBe(connection);
});

it('lets a chunk that overtakes the proof of the key wait for its header', async () => {
  const { connect, listed, events } = await start();
  const [main, other] = createFlowIds(2).map(connect);
  const challenge = await challengeOf(main);
  const sent = encodeMessage(sampleContribution({ sums: [new Float32Array(2 ** 19 + 1).fill(0.1)] }));
  const [first, second] = [0, 2 ** 21].map((start) => Buffer.from(sent.arrays[0].subarray(start, start + 2 ** 21)));
  await other.send(['C', second]);
  await delay(200);
  for (const frame of [
    ['K', proveKey(listed, challenge)],
    ['H', sent.header],
    ['C', first],
  ] as const)
    await main.send([...frame]);
  expect(await take(events)).toMatchObject({ kind: 'message', message: { kind: 'contribution' } });
});
