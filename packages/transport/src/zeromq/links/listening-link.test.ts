import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Context, Dealer } from 'zeromq';
import { encodeMessage } from '../../codec/codec.ts';
import { hello, take } from '../../testing/link-contract.ts';
import { closeOpened, curveOptions, opened, openRawClient, startCoordinator } from '../../testing/raw-client.ts';
import { sampleContribution } from '../../testing/sample-messages.ts';
import { createKeyPair } from '../keys/key-files.ts';
import { createCoordinatorLink } from './coordinator-link.ts';
import { createWorkerLink } from './worker-link.ts';

afterEach(closeOpened);

it('ends all connections when it is renewed, also one whose other end stays; only a worker with a listed key comes back', async () => {
  const { coordinator, server, listed, allowed, events } = await startCoordinator();
  const revoked = createKeyPair();
  allowed.add(revoked.publicKey);
  const join = async (name: string) => {
    const worker = createWorkerLink({ connect: coordinator.address, keys: listed });
    opened.push(worker);
    worker.send(hello(name));
    expect(await take(events)).toMatchObject({ kind: 'message', message: { worker: name } });
    return worker;
  };
  const worker = await join('honest');
  const stubborn = openRawClient(coordinator.address, curveOptions({ ...revoked, serverKey: server.publicKey }));
  expect(await stubborn.handshake).toBe('handshake');
  await stubborn.socket.send(['H', encodeMessage(hello('stubborn')).header]);
  expect(await take(events)).toMatchObject({ kind: 'message', message: { worker: 'stubborn' } });
  const refused = new Promise((resolve) => stubborn.socket.events.on('handshake:error:auth', resolve));

  allowed.delete(revoked.publicKey);
  await Promise.all([coordinator.renew(), coordinator.renew()]);
  for (const _ of ['honest', 'stubborn'])
    expect(await take(events)).toMatchObject({ kind: 'left', sentence: 'All connections are made anew.' });
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({ kind: 'closed' });
  await refused;
  await join('honest-again');
});

it.each([
  ['a frame of no kind', ['X', Buffer.from('?')], 'A frame is H, C, G, P, B or X'],
  ['a header that is no msgpack', ['H', Buffer.from([0xc1])], 'A header'],
  [
    'a message of no kind',
    ['H', Buffer.from([0x92, 0x81, 0xa4, 0x6b, 0x69, 0x6e, 0x64, 0xa1, 0x78, 0x90])],
    'A message is one of hello',
  ],
  ['a chunk without a header', ['C', Buffer.from([1])], 'A chunk came without a header'],
])('drops an authorized client that sends %s, and goes on with the others', async (_, frame, sentence) => {
  const { coordinator, listed, events } = await startCoordinator();
  const rubbish = openRawClient(coordinator.address, curveOptions(listed));
  await rubbish.socket.send(frame as [string, Buffer]);
  expect(await take(events)).toMatchObject({ kind: 'left', sentence: expect.stringContaining(sentence) });
  const worker = createWorkerLink({ connect: coordinator.address, keys: listed });
  opened.push(worker);
  worker.send(hello('honest'));
  expect(await take(events)).toMatchObject({ kind: 'message', message: { kind: 'hello', worker: 'honest' } });
});

it('refuses arrays beyond the limits before it allocates memory for them', async () => {
  const { coordinator, listed, events } = await startCoordinator({
    limits: { maxHeaderBytes: 4096, maxArrayBytes: 1000, maxArrays: 4 },
  });
  const worker = createWorkerLink({ connect: coordinator.address, keys: listed });
  opened.push(worker);
  worker.send(sampleContribution({ sums: [new Float32Array(251)] }));
  expect(await take(events)).toMatchObject({
    kind: 'left',
    sentence: expect.stringContaining('at most 1000 bytes; got 1004'),
  });
});

it('never waits to send to the last worker after it has gone, because such a send can swallow the hello of the next worker', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-link-'));
  const coordinator = await createCoordinatorLink({
    bind: `ipc://${folder}/socket`,
    keys: createKeyPair(),
    isAuthorized: () => false,
    pingMs: 60_000,
  });
  opened.push(coordinator);
  const events = coordinator.events()[Symbol.asyncIterator]();
  const doomed = new Dealer({ context: new Context(), linger: 0 });
  doomed.connect(coordinator.address);
  const { header } = encodeMessage(hello('doomed'));
  await doomed.send(['H', header]);
  const { connection } = (await take(events)) as { connection: string };
  doomed.close();
  // There is no event to wait for: a ROUTER notices that a client is gone only when something is sent to it.
  await new Promise((resolve) => setTimeout(resolve, 300));

  coordinator.send(connection, { kind: 'finish', run: 'r', incarnation: 1, membership: 1, complete: true });
  const worker = createWorkerLink({ connect: coordinator.address });
  opened.push(worker);
  worker.send(hello('next'));
  // JavaScript is busy while libzmq's threads connect the worker.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  expect(await take(events)).toMatchObject({ kind: 'left', connection });
  expect(await take(events)).toMatchObject({ kind: 'message', message: { kind: 'hello', worker: 'next' } });
});
