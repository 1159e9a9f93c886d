/** Attackers with raw sockets of libzmq send to a coordinator while its workers train. */
import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createKeyPair, protocolVersion, type KeyPair } from '@lstm-gan/transport';
import { proveKey, sampleContribution } from '@lstm-gan/transport/testing';
import { Packr } from 'msgpackr';
import { beforeAll, expect, it } from 'vitest';
import { Context, Dealer } from 'zeromq';
import { trainOnCluster } from '../support/cluster.ts';

const steps = 6;
let quiet: string;
beforeAll(async () => {
  quiet = (await trainOnCluster({ workers: 2, steps })).weightsSha256;
});

interface Keys {
  readonly server: KeyPair;
  readonly worker: KeyPair;
}

const packr = new Packr({ useRecords: false });
const header = (plain: object, arrays: readonly unknown[] = []): Buffer => packr.pack([plain, arrays]);
const hello = header({ kind: 'hello', protocol: protocolVersion, worker: 'mallory' });

const open = (address: string, { server, worker }: Keys, more: object = {}): Dealer => {
  const socket = new Dealer({
    context: new Context(),
    linger: 0,
    sendTimeout: 0,
    curveServerKey: server.publicKey,
    curvePublicKey: worker.publicKey,
    curveSecretKey: worker.secretKey,
    ...more,
  });
  socket.connect(address);
  return socket;
};

/** Connects, makes itself known, and resolves when the coordinator has asked for the proof of the key. */
async function openAsked(address: string, keys: Keys, more?: object): Promise<{ socket: Dealer; challenge: Buffer }> {
  const socket = open(address, keys, { sendTimeout: -1, ...more });
  await socket.send(['P']);
  for (;;) {
    const [kind, challenge] = await socket.receive();
    if (String(kind) !== 'K') continue;
    socket.sendTimeout = 0;
    return { socket, challenge };
  }
}

const proofOf = ({ server, worker }: Keys, challenge: Buffer): Buffer =>
  proveKey({ ...worker, serverKey: server.publicKey }, challenge);

/** Connects, and proves the key as a worker does. */
async function openProved(address: string, keys: Keys, more?: object): Promise<Dealer> {
  const { socket, challenge } = await openAsked(address, keys, more);
  await socket.send(['K', proofOf(keys, challenge)]);
  return socket;
}

/** Sends until `isOver`, and tries again when the socket is full. */
async function flood(socket: Dealer, frames: () => (Buffer | string)[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await socket.send(frames()).catch(() => undefined);
    if (Math.random() < 0.01) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.close();
}

const attacks: readonly [string, (address: string, keys: Keys, isOver: () => boolean) => Promise<void>][] = [
  [
    'does not know the keys',
    async (address, keys, isOver) =>
      flood(open(address, { ...keys, worker: createKeyPair() }), () => ['H', hello], isOver),
  ],
  [
    'speaks neither CURVE nor ZeroMQ',
    async (address, _, isOver) => {
      const [, host, port] = /tcp:\/\/(.*):(\d+)/.exec(address) ?? [];
      const socket = connectTcp(Number(port), host);
      socket.on('error', () => undefined);
      for (let k = 0; k < 100; k++) socket.write(Buffer.alloc(65_536, k));
      const plain = new Dealer({ context: new Context(), linger: 0 });
      plain.connect(address);
      await plain.send(['H', hello]);
      while (!isOver()) await delay(50);
      socket.destroy();
      plain.close();
    },
  ],
  [
    'has a key and floods with invalid messages',
    async (address, keys, isOver) =>
      flood(await openProved(address, keys), () => ['H', Buffer.alloc(200, 0xff)], isOver),
  ],
  [
    'has a key and floods with hellos',
    async (address, keys, isOver) => flood(await openProved(address, keys), () => ['H', hello], isOver),
  ],
  [
    'has a key, never proves it and floods with hellos',
    async (address, keys, isOver) => flood(open(address, keys), () => ['H', hello], isOver),
  ],
  [
    'has a key and floods with proofs of two megabytes',
    async (address, keys, isOver) => flood(open(address, keys), () => ['K', Buffer.alloc(2 ** 21)], isOver),
  ],
  [
    "has a key, and proves it with another worker's public key",
    async (address, keys, isOver) => {
      const { socket, challenge } = await openAsked(address, keys);
      const proof = proofOf(keys, challenge);
      proof.write('another public key');
      await flood(socket, () => ['K', proof], isOver);
    },
  ],
  [
    'has a key, and sends the proof of another connection again and again',
    async (address, keys, isOver) => {
      const { socket, challenge } = await openAsked(address, keys);
      const proof = proofOf(keys, challenge);
      await socket.send(['K', proof]);
      const replaying = (await openAsked(address, keys)).socket;
      await flood(replaying, () => (Math.random() < 0.5 ? ['K', proof] : ['H', hello]), isOver);
      socket.close();
    },
  ],
  [
    'has a key and sends messages of a thousand parts',
    async (address, keys, isOver) =>
      flood(await openProved(address, keys), () => Array.from({ length: 1000 }, () => 'C'), isOver),
  ],
  [
    'has a key and announces arrays of impossible size',
    async (address, keys, isOver) => {
      const { sums: _, ...contribution } = sampleContribution({ run: 'test', incarnation: 1, membership: 1, step: 1 });
      await flood(await openProved(address, keys), () => ['H', header(contribution, [['float32', 2 ** 50]])], isOver);
    },
  ],
  [
    'has a key and sends frames that are too large',
    async (address, keys, isOver) =>
      flood(await openProved(address, keys), () => ['C', Buffer.alloc(16 * 1024 * 1024)], isOver),
  ],
  [
    'has a key, asks for everything and reads nothing',
    async (address, keys, isOver) => {
      const socket = await openProved(address, keys, { receiveHighWaterMark: 1 });
      await socket.send(['H', hello]);
      while (!isOver()) await delay(50);
      socket.close();
    },
  ],
];

it.each(attacks)('a peer that %s does not change the weights, and the run ends normally', async (_, attack) => {
  let isOver = false;
  let attacking: Promise<void> | undefined;
  const { weightsSha256, endings } = await trainOnCluster({
    workers: 2,
    steps,
    onListening: (address, keys) => (attacking = attack(address, keys, () => isOver)),
  });
  isOver = true;
  await attacking;
  expect(weightsSha256).toBe(quiet);
  expect(endings).toEqual([0, 0]);
});
