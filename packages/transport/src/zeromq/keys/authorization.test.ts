import { afterEach, expect, it } from 'vitest';
import { closeOpened, curveOptions, opened, openRawClient, startCoordinator } from '../../testing/raw-client.ts';
import { take } from '../../testing/link-contract.ts';
import { createWorkerLink } from '../links/worker-link.ts';
import { createKeyPair } from './key-files.ts';

afterEach(closeOpened);

it('does not let in a client whose key is not listed, nor one without CURVE, nor one with a revoked key', async () => {
  const { coordinator, server, listed, allowed, events } = await startCoordinator();
  const stranger = { ...createKeyPair(), serverKey: server.publicKey };
  expect(await openRawClient(coordinator.address, curveOptions(stranger)).handshake).toBe('handshake:error:auth');
  expect(await openRawClient(coordinator.address, {}).handshake).not.toBe('handshake');
  expect(await openRawClient(coordinator.address, curveOptions(listed)).handshake).toBe('handshake');
  allowed.delete(listed.publicKey);
  expect(await openRawClient(coordinator.address, curveOptions(listed)).handshake).toBe('handshake:error:auth');
  await coordinator.close();
  expect((await events.next()).done).toBe(true);
});

it('tells a worker with keys that are not listed why it does not get in', async () => {
  const { coordinator, server } = await startCoordinator();
  const worker = createWorkerLink({
    connect: coordinator.address,
    keys: { ...createKeyPair(), serverKey: server.publicKey },
  });
  opened.push(worker);
  const event = await take(worker.events()[Symbol.asyncIterator]());
  expect(event).toMatchObject({ kind: 'closed', sentence: expect.stringContaining('refused the keys') });
});
