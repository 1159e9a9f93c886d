import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMemoryLink } from './memory/memory-link.ts';
import { testLink } from './testing/link-contract.ts';
import { createCoordinatorLink } from './zeromq/coordinator-link.ts';
import { createKeyPair } from './zeromq/keys.ts';
import { createWorkerLink } from './zeromq/worker-link.ts';

testLink('memory', async () => createMemoryLink());

testLink('zeromq over ipc', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-ipc-'));
  const keys = createKeyPair();
  const coordinator = await createCoordinatorLink({ bind: `ipc://${folder}/socket`, keys, isAuthorized: () => false });
  return { coordinator, connect: () => createWorkerLink({ connect: coordinator.address }) };
});

testLink('zeromq', async () => {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const coordinator = await createCoordinatorLink({ keys: server, isAuthorized: (key) => key === client.publicKey });
  return {
    coordinator,
    connect: () => createWorkerLink({ connect: coordinator.address, keys: { ...client, serverKey: server.publicKey } }),
  };
});
