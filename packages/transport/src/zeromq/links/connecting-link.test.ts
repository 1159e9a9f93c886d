import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Router } from 'zeromq';
import { encodeMessage } from '../../codec/codec.ts';
import { initialCredit } from '../../codec/frame.ts';
import { hello, take } from '../../testing/link-contract.ts';
import { closeOpened, opened, startCoordinator } from '../../testing/raw-client.ts';
import { sampleContribution } from '../../testing/sample-messages.ts';
import { createKeyPair, type WorkerKeys } from '../keys/key-files.ts';
import { createChallenge } from '../keys/key-proof.ts';
import { createCoordinatorLink } from './coordinator-link.ts';
import { createWorkerLink } from './worker-link.ts';

afterEach(closeOpened);

it('lets its process end even if what was sent is never fetched and garbage is collected meanwhile', async () => {
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
  const child = spawn(process.execPath, parameters, { stdio: 'inherit', timeout: 300_000 });
  expect(await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))).toBe(0);
});

it('says that no coordinator answers, and that an address is in use', async () => {
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

it('ends if the coordinator is connected but says nothing, and not if it only pings', async () => {
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

  const { coordinator, listed } = await startCoordinator();
  const patient = createWorkerLink({
    connect: coordinator.address,
    keys: listed,
    silenceMs: 2000,
  });
  opened.push(patient);
  patient.send(hello('known'));
  const first = patient.events()[Symbol.asyncIterator]().next();
  const quiet = new Promise((resolve) => setTimeout(resolve, 3000, 'no event'));
  expect(await Promise.race([first, quiet])).toBe('no event');
});

/** Blocks JavaScript, as a long computation or a lack of processor time does. libzmq's threads go on. */
const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

it('does not say that no coordinator answered if its own process was busy for that long', async () => {
  const { coordinator, listed, events } = await startCoordinator();
  const worker = createWorkerLink({ connect: coordinator.address, keys: listed, connectTimeoutMs: 200 });
  opened.push(worker);
  worker.send(hello('busy'));
  block(1000);
  const { connection } = await take(events);
  coordinator.send(connection, { kind: 'finish', run: 'r', incarnation: 1, membership: 1, complete: true });
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({ message: { kind: 'finish' } });
});

it('does not say that its coordinator was silent if its own process was busy for that long', async () => {
  const { coordinator, listed, events } = await startCoordinator();
  const worker = createWorkerLink({ connect: coordinator.address, keys: listed, silenceMs: 500 });
  opened.push(worker);
  worker.send(hello('busy'));
  const { connection } = await take(events);
  block(1500);
  coordinator.send(connection, { kind: 'finish', run: 'r', incarnation: 1, membership: 1, complete: true });
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({ message: { kind: 'finish' } });
});

it('brings what came before its connection was lost, also if its own process was busy then', async () => {
  const server = new Router({ linger: 1000 });
  await server.bind(`ipc://@lstm-gan-brief-${process.pid}`);
  const worker = createWorkerLink({ connect: server.lastEndpoint as string });
  opened.push(worker);
  worker.send(hello('busy'));
  const [routingId] = await server.receive();
  const { header } = encodeMessage({ kind: 'finish', run: 'r', incarnation: 1, membership: 1, complete: true });
  const inbox = worker.events()[Symbol.asyncIterator]();
  for (let k = 0; k < 100; k++) await server.send([routingId, 'H', header]);
  server.close();
  for (let k = 0; k < 5; k++) {
    block(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let k = 0; k < 100; k++) expect(await take(inbox)).toMatchObject({ message: { kind: 'finish' } });
  expect(await take(inbox)).toEqual({ kind: 'closed', sentence: 'The coordinator is gone.' });
});

/** Listens without the code of this project, and lets any key in. */
async function listen(): Promise<{ readonly server: Router; readonly keys: WorkerKeys }> {
  const { publicKey, secretKey } = createKeyPair();
  const server = new Router({ linger: 1000, curveServer: true, curveSecretKey: secretKey, receiveTimeout: 2000 });
  opened.push({ close: () => server.close() });
  await server.bind('tcp://127.0.0.1:*');
  return { server, keys: { ...createKeyPair(), serverKey: publicKey } };
}

/** Waits for the first frame of a connection, and asks for the proof of the key. */
async function challenge(server: Router): Promise<Buffer> {
  const [routingId, kind] = await server.receive();
  expect(String(kind)).toBe('P');
  await server.send([routingId, 'K', createChallenge()]);
  return routingId;
}

it('sends no message before it was asked for the proof of its key, and proves the key only once', async () => {
  const { server, keys } = await listen();
  const worker = createWorkerLink({ connect: server.lastEndpoint as string, keys });
  opened.push(worker);
  worker.send(hello('careful'));
  const [routingId, kind] = await server.receive();
  expect(String(kind)).toBe('P');
  // A ping is answered, and what comes first is that answer.
  await server.send([routingId, 'P']);
  expect(String((await server.receive())[1])).toBe('P');
  for (const bytes of [createChallenge(), createChallenge()]) await server.send([routingId, 'K', bytes]);
  expect(String((await server.receive())[1])).toBe('K');
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({
    sentence: expect.stringContaining('A challenge has 32 bytes, and comes once.'),
  });
});

it.each([
  ['a challenge that is too long', ['K', Buffer.alloc(33)], 'A challenge has 32 bytes'],
  ['a refusal without a sentence', ['R'], 'A refusal has a sentence'],
  ['a refusal that is too long', ['R', Buffer.alloc(2001)], 'A refusal has a sentence of at most 2000 bytes'],
])('ends if the coordinator sends %s', async (_, frame, sentence) => {
  const { server, keys } = await listen();
  const worker = createWorkerLink({ connect: server.lastEndpoint as string, keys });
  opened.push(worker);
  const [routingId] = await server.receive();
  await server.send([routingId, ...(frame as [string, Buffer])]);
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({
    kind: 'closed',
    sentence: expect.stringContaining(sentence),
  });
});

it('ends if nobody asks for the proof of its key, as a coordinator of an older version does', async () => {
  const { server, keys } = await listen();
  const worker = createWorkerLink({ connect: server.lastEndpoint as string, keys, connectTimeoutMs: 300 });
  opened.push(worker);
  worker.send(hello('newer'));
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({
    sentence: expect.stringContaining('does not ask for the proof of a key'),
  });
});

it('sends nothing after its goodbye, also if the coordinator says goodbye in the middle of a message', async () => {
  const { server, keys } = await listen();
  const worker = createWorkerLink({ connect: server.lastEndpoint as string, keys });
  opened.push(worker);
  worker.send(sampleContribution({ sums: [new Float32Array(6_000_000).fill(0.1)], subtrees: [{ start: 0, end: 1 }] }));
  const kinds: string[] = [];
  const receive = async () => {
    const [routingId, kind] = await server.receive();
    kinds.push(String(kind));
    return routingId;
  };
  const routingId = await challenge(server);
  while (kinds.length < 2 + initialCredit) await receive();
  for (const kind of ['G', 'G', 'B', 'P']) await server.send([routingId, kind]);
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({
    sentence: 'The coordinator closed the link.',
  });
  await expect(
    (async () => {
      for (;;) await receive();
    })(),
  ).rejects.toMatchObject({ code: 'EAGAIN' });
  expect(kinds.join('')).toMatch(/^KHC+X$/);
});

it('ends when the coordinator breaks off in the middle of a message, although another flow was to bring the next chunk', async () => {
  const { server, keys } = await listen();
  const worker = createWorkerLink({ connect: server.lastEndpoint as string, keys, flowCount: 2 });
  opened.push(worker);
  worker.send(hello('halved'));
  const routingId = await challenge(server);
  const { header } = encodeMessage({
    kind: 'weights',
    run: 'r',
    incarnation: 1,
    membership: 1,
    network: 'generator',
    version: 1,
    values: new Float32Array(2 ** 20).fill(0.1),
  });
  await server.send([routingId, 'H', header]);
  await server.send([routingId, 'C', Buffer.alloc(2 ** 21)]);
  await server.send([routingId, 'X']);
  expect(await take(worker.events()[Symbol.asyncIterator]())).toMatchObject({
    sentence: 'The coordinator closed the link.',
  });
});
