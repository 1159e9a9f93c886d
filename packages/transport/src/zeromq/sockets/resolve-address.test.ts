import { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { isIpv6Address, resolveAddress } from './resolve-address.ts';

it('replaces a host name by its address, IPv4 before IPv6', async () => {
  expect(await resolveAddress('tcp://localhost:5577')).toBe('tcp://127.0.0.1:5577');
  expect(await resolveAddress('tcp://localhost:*')).toBe('tcp://127.0.0.1:*');
});

it('leaves other addresses as they are', async () => {
  const [network] = Object.keys(networkInterfaces());
  for (const host of ['10.0.0.1:1', '*:5577', '0.0.0.0:*', '[::1]:5577', '[fe80::1%eth0]:1', `${network}:5577`])
    expect(await resolveAddress(`tcp://${host}`)).toBe(`tcp://${host}`);
  expect(await resolveAddress('ipc:///run/socket')).toBe('ipc:///run/socket');
});

it('refuses a name without an address', async () => {
  await expect(resolveAddress('tcp://nowhere.invalid:5577')).rejects.toMatchObject({
    // Which of the two depends on whether this machine has a name server.
    code: expect.stringMatching(/^(unknown-host|name-server-silent)$/),
    message: expect.stringContaining('nowhere.invalid'),
  });
});

it('tells IPv6 from IPv4', () => {
  expect(['tcp://[::1]:1', 'tcp://[::]:*', 'tcp://127.0.0.1:1', 'ipc://[x'].map(isIpv6Address)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
