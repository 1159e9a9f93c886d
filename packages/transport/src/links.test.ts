import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMemoryLink } from './memory/memory-link.ts';
import { createMemoryPeers } from './memory/memory-peers.ts';
import { testLink } from './testing/link-contract.ts';
import { testPeerLink } from './testing/peer-contract.ts';
import { createPlainSharing } from './testing/plain-sharing.ts';
import { createCoordinatorLink } from './zeromq/links/coordinator-link.ts';
import { createKeyPair } from './zeromq/keys/key-files.ts';
import { createPeerLink } from './zeromq/links/peer-link.ts';
import { createWorkerLink } from './zeromq/links/worker-link.ts';

testLink('memory', async () => createMemoryLink());

testLink('zeromq over ipc', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-ipc-'));
  const keys = createKeyPair();
  const coordinator = await createCoordinatorLink({ bind: `ipc://${folder}/socket`, keys, isAuthorized: () => false });
  return { coordinator, connect: () => createWorkerLink({ connect: coordinator.address }) };
});

testLink('zeromq over ipc, with memory shared,', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-ipc-'));
  const sharing = createPlainSharing();
  const allocate = (length: number) => sharing.allocate(length) ?? new Float32Array(length);
  const memory = {
    allocate,
    release: (array: Float32Array | Uint8Array) => sharing.release(array as Float32Array),
    sharing: () => sharing,
  };
  const coordinator = await createCoordinatorLink({
    bind: `ipc://${folder}/socket`,
    keys: createKeyPair(),
    isAuthorized: () => false,
    memory,
  });
  return { coordinator, memory, connect: () => createWorkerLink({ connect: coordinator.address, memory }) };
});

const openWithFlows = (flowCount: number) => async () => {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const coordinator = await createCoordinatorLink({ keys: server, isAuthorized: (key) => key === client.publicKey });
  return {
    coordinator,
    connect: () =>
      createWorkerLink({ connect: coordinator.address, keys: { ...client, serverKey: server.publicKey }, flowCount }),
  };
};
testLink('zeromq', openWithFlows(1));
testLink('zeromq, in three flows,', openWithFlows(3));

const memoryPeers = createMemoryPeers();
testPeerLink('memory', async () => memoryPeers.open());
testPeerLink('zeromq', () => createPeerLink({ bind: 'tcp://127.0.0.1:*', connectTimeoutMs: 1000, flowCount: 1 }));
testPeerLink('zeromq, in several flows,', () =>
  createPeerLink({ bind: 'tcp://127.0.0.1:*', connectTimeoutMs: 1000, flowCount: 4 }),
);
testPeerLink(
  'zeromq over ipc',
  async () => createPeerLink({ bind: `ipc://${await mkdtemp(path.join(tmpdir(), 'lstm-gan-ipc-'))}/peer` }),
  'anybody',
);
