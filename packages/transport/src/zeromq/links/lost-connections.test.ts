/** Connections whose other end dies, hangs or does harm, with real processes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Context, Dealer } from 'zeromq';
import { encodeMessage } from '../../codec/codec.ts';
import { hello, take } from '../../testing/link-contract.ts';
import { createCoordinatorLink } from './coordinator-link.ts';
import { createKeyPair } from '../keys/key-files.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const moduleUrl = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Runs a script in a process of its own. */
async function run(script: string): Promise<ChildProcess> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-link-')), 'script.mjs');
  await writeFile(file, script);
  const child = spawn(process.execPath, ['--conditions=source', '--import', import.meta.resolve('tsx'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

const socketFile = async (): Promise<string> => `ipc://${await mkdtemp(path.join(tmpdir(), 'lstm-gan-link-'))}/socket`;

it.each(['SIGKILL', 'SIGSTOP'] as const)(
  'notices a worker process that got %s, over TCP and over ipc',
  async (signal) => {
    for (const bind of ['tcp://127.0.0.1:*', await socketFile()]) {
      const [server, client] = [createKeyPair(), createKeyPair()];
      const coordinator = await createCoordinatorLink({
        bind,
        keys: server,
        isAuthorized: (key) => key === client.publicKey,
      });
      const events = coordinator.events()[Symbol.asyncIterator]();
      const child = await run(
        `import { createWorkerLink } from ${moduleUrl('./worker-link.ts')};
       const link = createWorkerLink(${JSON.stringify({ connect: coordinator.address, keys: { ...client, serverKey: server.publicKey } })});
       link.send(${JSON.stringify(hello('doomed'))}); for await (const event of link.events()) void event;`,
      );
      const joined = await take(events);
      expect(joined).toMatchObject({ kind: 'message', message: { worker: 'doomed' } });
      coordinator.watch(joined.connection, 500);
      child.kill(signal);
      expect(await take(events)).toMatchObject({ kind: 'left' });
      child.kill('SIGKILL');
      await coordinator.close();
    }
  },
);

it('lets a worker process end when both ends close at once, without waiting for what is never fetched', async () => {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const coordinator = await createCoordinatorLink({ keys: server, isAuthorized: () => true });
  const events = coordinator.events()[Symbol.asyncIterator]();
  const child = await run(
    `import { createWorkerLink } from ${moduleUrl('./worker-link.ts')};
     const link = createWorkerLink(${JSON.stringify({ connect: coordinator.address, keys: { ...client, serverKey: server.publicKey }, lingerMs: 3_600_000 })});
     link.send(${JSON.stringify(hello('done'))}); for await (const event of link.events()) if (event.kind === 'message') void link.close();`,
  );
  const ended = once(child, 'exit');
  const { connection } = await take(events);
  coordinator.send(connection, { kind: 'finish', run: 'r', incarnation: 1, membership: 1, complete: true });
  await coordinator.close();
  expect(await ended).toEqual([0, null]);
});

it('closes in good order if a worker reads nothing, goes on sending and dies, which could make libzmq abort the process', async () => {
  const address = await socketFile();
  const [first, chunk] = [
    hello('deaf'),
    { kind: 'weights', run: 'r', incarnation: 1, membership: 1, network: 'generator', version: 1 },
  ];
  const coordinator = await run(
    `import { createCoordinatorLink } from ${moduleUrl('./coordinator-link.ts')}; import { createKeyPair } from ${moduleUrl('../keys/key-files.ts')};
     const link = await createCoordinatorLink({ bind: ${JSON.stringify(address)}, keys: createKeyPair(), isAuthorized: () => false, lingerMs: 1000 });
     for await (const { connection } of link.events()) {
       link.send(connection, { ...${JSON.stringify(chunk)}, values: new Float32Array(8e6) });
       await link.close();
       console.log('closed');
     }
     // Long enough for heartbeats to be due.
     setTimeout(() => undefined, 1500);`,
  );
  const deaf = new Dealer({ context: new Context(), linger: 0, receiveHighWaterMark: 1 });
  deaf.connect(address);
  await deaf.send(['H', encodeMessage(first).header]);
  const sending = setInterval(() => void deaf.send(['G']).catch(() => undefined), 20);
  const ended = once(coordinator, 'exit');
  await once(coordinator.stdout as NodeJS.ReadableStream, 'data');
  await new Promise((resolve) => setTimeout(resolve, 300));
  clearInterval(sending);
  deaf.close();
  expect(await ended).toEqual([0, null]);
});
