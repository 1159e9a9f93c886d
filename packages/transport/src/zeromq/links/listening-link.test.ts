import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Context, Dealer } from 'zeromq';
import { encodeMessage } from '../../codec/codec.ts';
import { hello, take } from '../../testing/link-contract.ts';
import {
  challengeOf,
  closeOpened,
  curveOptions,
  opened,
  openRawClient,
  proveOver,
  startCoordinator,
} from '../../testing/raw-client.ts';
import { sampleContribution } from '../../testing/sample-messages.ts';
import { createKeyPair, type WorkerKeys } from '../keys/key-files.ts';
import { proveKey } from '../keys/key-proof.ts';
import { createCoordinatorLink } from './coordinator-link.ts';
import { createWorkerLink } from './worker-link.ts';

afterEach(closeOpened);

describe('a connection whose key is revoked', () => {
  /** A coordinator with one connection that proved the listed key, and one of a worker that proved another key. */
  async function startWithTwo() {
    const { coordinator, server, listed, allowed, events } = await startCoordinator({ lingerMs: 0 });
    const revoked = { ...createKeyPair(), serverKey: server.publicKey };
    allowed.add(revoked.publicKey);
    const join = async (name: string, keys: WorkerKeys) => {
      const worker = createWorkerLink({ connect: coordinator.address, keys });
      opened.push(worker);
      worker.send(hello(name));
      const { connection } = await take(events);
      return { worker, connection, inbox: worker.events()[Symbol.asyncIterator]() };
    };
    const honest = await join('honest', listed);
    const drop = (): void => {
      allowed.delete(revoked.publicKey);
      coordinator.dropKeys((key) => key === revoked.publicKey);
    };
    return { coordinator, events, join, honest, revoked, drop };
  }
  const weights = {
    kind: 'weights',
    run: 'r',
    incarnation: 1,
    membership: 1,
    network: 'generator',
    version: 1,
    values: new Float32Array(12 * 2 ** 20).fill(0.1),
  } as const;

  it('ends, also in the middle of a message, and says why; the others notice nothing', async () => {
    const { coordinator, events, join, honest, revoked, drop } = await startWithTwo();
    const other = await join('revoked', revoked);
    coordinator.send(other.connection, weights);
    await delay(50);
    drop();
    expect(await take(events)).toEqual({
      kind: 'left',
      connection: other.connection,
      sentence: 'Its key was revoked.',
    });
    let event = await take(other.inbox);
    while (event.kind === 'message') event = await take(other.inbox);
    expect(event).toEqual({ kind: 'closed', refused: true, sentence: 'The key of this worker was revoked.' });
    honest.worker.send({ kind: 'leave', run: 'r', incarnation: 1, membership: 1 });
    // The goodbye of the other worker may come after its connection was forgotten: it is then reported once more.
    let next = await take(events);
    while (next.connection === other.connection) next = await take(events);
    expect(next).toMatchObject({ kind: 'message', connection: honest.connection });
    coordinator.send(honest.connection, { kind: 'finish', complete: true, run: 'r', incarnation: 1, membership: 1 });
    expect(await take(honest.inbox)).toMatchObject({ kind: 'message', message: { kind: 'finish' } });
  });

  it('is not heard any more if its other end stays, nor is another connection over the same sockets', async () => {
    const { coordinator, events, honest, revoked, drop } = await startWithTwo();
    const { socket } = openRawClient(coordinator.address, curveOptions(revoked));
    const say = (name: string) => socket.send(['H', encodeMessage(hello(name)).header]);
    await proveOver(socket, revoked);
    await say('stubborn');
    expect(await take(events)).toMatchObject({ kind: 'message', message: { worker: 'stubborn' } });
    drop();
    expect(await take(events)).toMatchObject({ kind: 'left', sentence: 'Its key was revoked.' });
    await say('deaf');
    await socket.send(['B']);
    await proveOver(socket, revoked);
    await say('again');
    expect(await take(events)).toMatchObject({ kind: 'left', sentence: 'Its key was revoked.' });
    honest.worker.send({ kind: 'leave', run: 'r', incarnation: 1, membership: 1 });
    expect(await take(events)).toMatchObject({ kind: 'message', connection: honest.connection });
  });
});

type Proof = (challenge: Buffer, keys: WorkerKeys, other: WorkerKeys) => [string, Uint8Array?];
const proofs: readonly [string, Proof, string][] = [
  ['no proof before its first message', () => ['H', encodeMessage(hello('w')).header], 'before the proof of a key'],
  [
    'a proof with one false bit',
    (challenge, keys) => {
      const proof = proveKey(keys, challenge);
      proof[63] ^= 1;
      return ['K', proof];
    },
    'The proof of a key is wrong',
  ],
  [
    'a proof that names the public key of another worker',
    (challenge, keys, other) => {
      const proof = proveKey(keys, challenge);
      proof.set(proveKey(other, challenge).subarray(0, 32));
      return ['K', proof];
    },
    'The proof of a key is wrong',
  ],
  [
    'a proof for another challenge',
    (_, keys) => ['K', proveKey(keys, Buffer.alloc(32))],
    'The proof of a key is wrong',
  ],
  [
    'a public key with which everybody knows the secret',
    (challenge) => ['K', Buffer.concat([Buffer.alloc(32), challenge])],
    'The proof of a key is wrong',
  ],
  ['a proof that is too short', () => ['K', Buffer.alloc(63)], 'The proof of a key is wrong'],
  ['a proof of two megabytes', () => ['K', Buffer.alloc(2 ** 21)], 'The proof of a key is wrong'],
  ['a proof of no bytes', () => ['K'], 'Nobody expected the proof of a key'],
];

it.each(proofs)('refuses an authorized client that sends %s', async (_, proof, sentence) => {
  const { coordinator, server, listed, allowed, events } = await startCoordinator({ lingerMs: 0 });
  const other = { ...createKeyPair(), serverKey: server.publicKey };
  allowed.add(other.publicKey);
  const { socket } = openRawClient(coordinator.address, curveOptions(listed));
  const [kind, ...bytes] = proof(await challengeOf(socket), listed, other);
  await socket.send([kind, ...bytes.map((part) => Buffer.from(part ?? []))]);
  expect(await take(events)).toMatchObject({ kind: 'left', sentence: expect.stringContaining(sentence) });
});

it('answers a client that says hello before it was challenged with a refusal alone, because an older worker knows no challenge', async () => {
  const { coordinator, listed } = await startCoordinator({ lingerMs: 0 });
  const { socket } = openRawClient(coordinator.address, curveOptions(listed));
  await socket.send(['H', encodeMessage(hello('older')).header]);
  const [kind, bytes] = await socket.receive();
  expect(String(kind)).toBe('H');
  expect(String(bytes)).toContain('If another version of lstm-gan sent it');
});

it('refuses a proof that was heard on another connection, and a second proof', async () => {
  const { coordinator, listed, events } = await startCoordinator({ lingerMs: 0 });
  const open = () => openRawClient(coordinator.address, curveOptions(listed)).socket;
  const [first, second] = [open(), open()];
  const proof = proveKey(listed, await challengeOf(first));
  await first.send(['K', proof]);
  await first.send(['H', encodeMessage(hello('first')).header]);
  expect(await take(events)).toMatchObject({ kind: 'message', message: { worker: 'first' } });
  await challengeOf(second);
  await second.send(['K', proof]);
  expect(await take(events)).toMatchObject({ kind: 'left', sentence: 'The proof of a key is wrong.' });
  await first.send(['K', proof]);
  expect(await take(events)).toMatchObject({ kind: 'left', sentence: 'Nobody expected the proof of a key.' });
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
  await proveOver(rubbish.socket, listed);
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
