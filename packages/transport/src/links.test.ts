import { createMemoryLink } from './memory/memory-link.ts';
import { testLink } from './testing/link-contract.ts';
import { createCoordinatorLink } from './zeromq/coordinator-link.ts';
import { createKeyPair } from './zeromq/keys.ts';
import { createWorkerLink } from './zeromq/worker-link.ts';

testLink('memory', async () => createMemoryLink());

testLink('zeromq', async () => {
  const [server, client] = [createKeyPair(), createKeyPair()];
  const coordinator = await createCoordinatorLink({ keys: server, isAuthorized: (key) => key === client.publicKey });
  return {
    coordinator,
    connect: () => createWorkerLink({ connect: coordinator.address, keys: { ...client, serverKey: server.publicKey } }),
  };
});
