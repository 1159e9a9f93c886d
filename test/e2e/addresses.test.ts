/** Addresses of coordinators and workers: host names, IPv6, and addresses that only one machine reaches. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { createKeyPair, writeKeyFile } from '@lstm-gan/transport';
import { beforeAll, expect, it } from 'vitest';
import { commandLine, lstmGan, root } from '../support/command-line.ts';
import { heard } from '../support/heard.ts';
import { startProcess } from '../support/processes.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--steps', '2'];
let folder: string;
let keyFile: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-addresses-'));
  keyFile = path.join(folder, 'worker.key');
  await writeKeyFile(keyFile, { ...createKeyPair(), serverKey: createKeyPair().publicKey });
});

it('a name for an address that only this machine reaches is warned of', async () => {
  await writeFile(path.join(folder, 'hosts'), '127.0.0.1 localhost\n127.0.1.1 studio\n');
  const listen = commandLine(['coordinator', ...model, '--out', path.join(folder, 'loopback'), '--bind', 'studio:*']);
  const command = 'mount --bind "$0" /etc/hosts && exec "$@"';
  const coordinator = startProcess(['unshare', '-m', 'sh', '-c', command, path.join(folder, 'hosts'), ...listen], {
    cwd: root,
  });
  const [text] = await heard(coordinator, /Listening[^]*no other machine can join\. .*/);
  expect(text).toMatch(/Listening at tcp:\/\/127\.0\.1\.1:\d+\. On this machine, with a copy of the key file:/);
  expect(text).toMatch(/studio is an address of this machine alone .* Use --bind 0\.0\.0\.0:PORT/);
});

it.each([
  ['that no name server knows', 'hosts: files', 2, /^The host name nowhere has no address: .*\nCheck the name/m],
  ['while no name server answers', 'hosts: dns', 1, /^The address of nowhere is not known: .*\nCheck the network/m],
])('a name %s: coordinator and worker say so', async (_, names, code, sentence) => {
  const [switchFile, servers] = ['nsswitch.conf', 'resolv.conf'].map((name) => path.join(folder, name));
  await writeFile(switchFile, `${names}\n`);
  // Nothing listens at this address.
  await writeFile(servers, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  const mounts = `mount --bind ${switchFile} /etc/nsswitch.conf && mount --bind ${servers} /etc/resolv.conf`;
  const run = (parameters: string[]) =>
    startProcess(['unshare', '-m', 'sh', '-c', `${mounts} && exec "$@"`, 'sh', ...commandLine(parameters)], {
      cwd: root,
    });
  const listening = run(['coordinator', ...model, '--out', path.join(folder, 'no'), '--bind', 'nowhere:1']);
  const connecting = run(['worker', '--connect', 'tcp://nowhere:1', '--key-file', keyFile, '--patience', '1']);
  for (const { exitCode, stderr } of await Promise.all([listening, connecting]))
    expect([exitCode, stderr]).toEqual([code, expect.stringMatching(sentence)]);
});

it('an attempt to connect takes no longer than the patience of the worker', async () => {
  const parameters = ['worker', '--connect', 'tcp://127.0.0.1:1', '--key-file', keyFile, '--patience', '2'];
  const { exitCode, stderr } = await lstmGan(parameters);
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringContaining('No coordinator answered at tcp://127.0.0.1:1 within 2 s.'),
  ]);
});

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));

it.skipIf(!hasIpv6)('coordinator and workers reach each other over IPv6, in the sliced exchange too', async () => {
  const coordinator = lstmGan(
    ['coordinator', ...model, '--out', path.join(folder, 'ipv6'), '--bind', '[::1]:*'].concat('--exchange', 'sliced'),
  );
  const [, address, file] = await heard(coordinator, /worker --connect (\S+) --key-file (\S+)\n/);
  expect(address).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
  const workers = ['a', 'b'].map((name) =>
    lstmGan(['worker', '--connect', address, '--key-file', file, '--name', name, '--patience', '5']),
  );
  const ends = await Promise.all([coordinator, ...workers]);
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
});
