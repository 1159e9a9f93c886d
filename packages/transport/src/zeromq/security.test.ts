import { spawn } from 'node:child_process';
import { mkdtemp, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Context, Dealer, Router } from 'zeromq';
import { encodeMessage } from '../codec/codec.ts';
import { hello, take } from '../testing/link-contract.ts';
import { createCoordinatorLink } from './coordinator-link.ts';
import { createKeyPair, encodeZ85, readKeyFile, writeKeyFile } from './keys.ts';
import { createWorkerLink } from './worker-link.ts';

const opened: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const link of opened.splice(0).reverse()) await link.close();
});

async function start(limits?: { maxHeaderBytes: number; maxArrayBytes: number; maxArrays: number }) {
  const [server, listed] = [createKeyPair(), createKeyPair()];
  const allowed = new Set([listed.publicKey]);
  const coordinator = await createCoordinatorLink({ keys: server, isAuthorized: (key) => allowed.has(key), limits });
  opened.push(coordinator);
  return { coordinator, server, listed, allowed, events: coordinator.events()[Symbol.asyncIterator]() };
}

/** A client made of libzmq alone; resolves with what its monitor says of the handshake. */
function rawClient(address: string, keys: object): { socket: Dealer; handshake: Promise<string> } {
  const socket = new Dealer({ context: new Context(), linger: 0, ...keys });
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

it('does not let in a client whose key is not listed, nor one without CURVE, nor one with a revoked key', async () => {
  const { coordinator, server, listed, allowed, events } = await start();
  const stranger = createKeyPair();
  const curve = (keys: { publicKey: string; secretKey: string }) => ({
    curveServerKey: server.publicKey,
    curvePublicKey: keys.publicKey,
    curveSecretKey: keys.secretKey,
  });
  expect(await rawClient(coordinator.address, curve(stranger)).handshake).toBe('handshake:error:auth');
  expect(await rawClient(coordinator.address, {}).handshake).not.toBe('handshake');
  expect(await rawClient(coordinator.address, curve(listed)).handshake).toBe('handshake');
  allowed.delete(listed.publicKey);
  expect(await rawClient(coordinator.address, curve(listed)).handshake).toBe('handshake:error:auth');
  await coordinator.close();
  expect((await events.next()).done).toBe(true);
});

it('ends all lines when they are made anew, also of somebody who stays: who has a key comes again, who has none does not', async () => {
  const { coordinator, server, listed, allowed, events } = await start();
  const revoked = createKeyPair();
  allowed.add(revoked.publicKey);
  const join = async (name: string) => {
    const worker = createWorkerLink({ connect: coordinator.address, keys: { ...listed, serverKey: server.publicKey } });
    opened.push(worker);
    worker.send(hello(name));
    expect(await take(events)).toMatchObject({ kind: 'message', message: { worker: name } });
    return worker;
  };
  const worker = await join('honest');
  const stubborn = rawClient(coordinator.address, {
    curveServerKey: server.publicKey,
    curvePublicKey: revoked.publicKey,
    curveSecretKey: revoked.secretKey,
  });
  expect(await stubborn.handshake).toBe('handshake');
  await stubborn.socket.send(['H', encodeMessage(hello('stubborn')).header]);
  expect(await take(events)).toMatchObject({ kind: 'message', message: { worker: 'stubborn' } });
  const refused = new Promise((resolve) => stubborn.socket.events.on('handshake:error:auth', resolve));

  allowed.delete(revoked.publicKey);
  await Promise.all([coordinator.renew(), coordinator.renew()]);
  for (const _ of ['honest', 'stubborn'])
    expect(await take(events)).toMatchObject({ kind: 'left', sentence: 'All lines are made anew.' });
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({ kind: 'closed' });
  await refused;
  await join('honest-again');
});

it('tells a worker with keys that are not listed why it does not get in', async () => {
  const { coordinator, server } = await start();
  const worker = createWorkerLink({
    connect: coordinator.address,
    keys: { ...createKeyPair(), serverKey: server.publicKey },
  });
  opened.push(worker);
  const event = await take(worker.events()[Symbol.asyncIterator]());
  expect(event).toMatchObject({ kind: 'closed', sentence: expect.stringContaining('refused the keys') });
});

it.each([
  ['a frame of no kind', ['X', Buffer.from('?')], 'A frame is H, C, G, P or B'],
  ['a header that is no msgpack', ['H', Buffer.from([0xc1])], 'A header'],
  [
    'a message of no kind',
    ['H', Buffer.from([0x92, 0x81, 0xa4, 0x6b, 0x69, 0x6e, 0x64, 0xa1, 0x78, 0x90])],
    'A message is one of hello',
  ],
  ['a chunk without a header', ['C', Buffer.from([1])], 'A chunk came without a header'],
])('drops an authorized peer that sends %s, and goes on with the others', async (_, frame, sentence) => {
  const { coordinator, server, listed, events } = await start();
  const rubbish = rawClient(coordinator.address, {
    curveServerKey: server.publicKey,
    curvePublicKey: listed.publicKey,
    curveSecretKey: listed.secretKey,
  });
  await rubbish.socket.send(frame as [string, Buffer]);
  expect(await take(events)).toMatchObject({ kind: 'left', sentence: expect.stringContaining(sentence) });
  const worker = createWorkerLink({ connect: coordinator.address, keys: { ...listed, serverKey: server.publicKey } });
  opened.push(worker);
  worker.send(hello('honest'));
  expect(await take(events)).toMatchObject({ kind: 'message', message: { kind: 'hello', worker: 'honest' } });
});

it('refuses arrays beyond the limits before it makes room for them', async () => {
  const { coordinator, server, listed, events } = await start({
    maxHeaderBytes: 4096,
    maxArrayBytes: 1000,
    maxArrays: 4,
  });
  const worker = createWorkerLink({ connect: coordinator.address, keys: { ...listed, serverKey: server.publicKey } });
  opened.push(worker);
  worker.send({
    kind: 'contribution',
    run: 'r',
    incarnation: 1,
    membership: 1,
    step: 1,
    phase: 'generator',
    turn: 0,
    crew: 0,
    lease: 1,
    weightsVersions: { generator: 0, discriminator: 0 },
    subtrees: [{ start: 0, end: 1 }],
    losses: [],
    computeMs: 0,
    waitingMs: 0,
    sums: [new Float32Array(251)],
  });
  expect(await take(events)).toMatchObject({
    kind: 'left',
    sentence: expect.stringContaining('at most 1000 bytes; got 1004'),
  });
});

it('never waits with a send to the last worker, which is gone: such a send can swallow the hello of the next one', async () => {
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
  const { peer } = (await take(events)) as { peer: string };
  doomed.close();
  // No signal is to be had: a ROUTER tells nobody that a peer is gone until something is sent to it.
  await new Promise((resolve) => setTimeout(resolve, 300));

  coordinator.send(peer, { kind: 'finish', run: 'r', incarnation: 1, membership: 1 });
  const worker = createWorkerLink({ connect: coordinator.address });
  opened.push(worker);
  worker.send(hello('next'));
  // JavaScript is busy while libzmq's threads connect the two.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  expect(await take(events)).toMatchObject({ kind: 'left', peer });
  expect(await take(events)).toMatchObject({ kind: 'message', message: { kind: 'hello', worker: 'next' } });
});

it('lets its process end though what was sent is never fetched and memory is collected meanwhile', async () => {
  const link = new URL('./worker-link.ts', import.meta.url).href;
  const script = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-link-')), 'worker.mjs');
  const keys = createKeyPair();
  const options = {
    connect: 'tcp://127.0.0.1:1',
    keys: { ...keys, serverKey: keys.publicKey },
    connectTimeoutMs: 300,
    lingerMs: 1000,
  };
  await writeFile(
    script,
    `import { createWorkerLink } from ${JSON.stringify(link)};
     const link = createWorkerLink(${JSON.stringify(options)});
     link.send(${JSON.stringify(hello('unheard'))}); for await (const event of link.events()) void event;
     for (const ms of [0, 50, 100]) setTimeout(gc, ms);`,
  );
  const parameters = ['--expose-gc', '--conditions=source', '--import', import.meta.resolve('tsx'), script];
  const child = spawn(process.execPath, parameters, { stdio: 'inherit', timeout: 20_000 });
  expect(await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))).toBe(0);
});

it('says that nobody answers, and that an address is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const keys = createKeyPair();
  await expect(
    createCoordinatorLink({ bind: `tcp://127.0.0.1:${port}`, keys, isAuthorized: () => true }),
  ).rejects.toThrow('listens on');
  server.close();
  const worker = createWorkerLink({
    connect: `tcp://127.0.0.1:${port}`,
    keys: { ...keys, serverKey: keys.publicKey },
    connectTimeoutMs: 300,
  });
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({
    sentence: expect.stringContaining('No coordinator answered'),
  });
});

it('ends the link to a coordinator that stands but says nothing, and stays with one that only pings', async () => {
  const silent = new Router();
  await silent.bind('ipc://@lstm-gan-silent-' + process.pid);
  opened.push({ close: () => silent.close() });
  const worker = createWorkerLink({ connect: silent.lastEndpoint as string, silenceMs: 300 });
  opened.push(worker);
  worker.send(hello('forgotten'));
  expect(await take(worker.events()[Symbol.asyncIterator]())).toEqual({
    kind: 'closed',
    sentence: 'The coordinator has said nothing for 0.3 s.',
  });

  const { coordinator, server, listed } = await start();
  const patient = createWorkerLink({
    connect: coordinator.address,
    keys: { ...listed, serverKey: server.publicKey },
    silenceMs: 2000,
  });
  opened.push(patient);
  patient.send(hello('known'));
  const first = patient.events()[Symbol.asyncIterator]().next();
  const quiet = new Promise((resolve) => setTimeout(resolve, 3000, 'no event'));
  expect(await Promise.race([first, quiet])).toBe('no event');
});

it('keeps key files to their owner', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-key-')), 'worker.key');
  const keys = { ...createKeyPair(), serverKey: createKeyPair().publicKey };
  await writeKeyFile(file, keys);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readKeyFile(file)).toEqual(keys);
  await writeFile(file, '{}');
  await expect(readKeyFile(file)).rejects.toThrow('does not hold');
  await expect(readKeyFile(`${file}.not`)).rejects.toMatchObject({
    message: expect.stringContaining('cannot be read'),
    advice: expect.stringContaining('your copy'),
  });
  expect(() => createWorkerLink({ connect: 'tcp://127.0.0.1:1' })).toThrow(
    expect.objectContaining({ advice: expect.stringContaining('or a copy of it, with --key-file') }),
  );
  const open = `${file}.open`;
  await writeFile(open, JSON.stringify(keys), { mode: 0o644 });
  await expect(readKeyFile(open)).rejects.toThrow('can be read by others');
});

it('encodes keys as ZeroMQ RFC 32 does', () => {
  expect(encodeZ85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('HelloWorld');
});
