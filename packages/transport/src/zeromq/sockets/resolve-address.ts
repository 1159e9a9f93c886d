import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { UserError } from '@lstm-gan/core/errors';

/**
 * Replaces the host name in an address `tcp://HOST:PORT` by the host's IP address: IPv4 if it has one, else IPv6 in
 * brackets. Leaves IP addresses, names of network interfaces and socket files as they are. Throws a UserError if the
 * name has no address, or if no name server answers. libzmq would take such a name, and try for ever to connect to it.
 */
export async function resolveAddress(address: string): Promise<string> {
  const [, host, port] = /^tcp:\/\/([^\s/[\]:*]+):(\d{1,5}|\*)$/.exec(address) ?? [];
  if (host === undefined || isIP(host) !== 0 || host in networkInterfaces()) return address;
  const found = await lookup(host, { all: true }).catch((cause: NodeJS.ErrnoException) => {
    throw noAddress(host, cause);
  });
  const chosen = found.find(({ family }) => family === 4) ?? found[0];
  if (chosen === undefined) throw noAddress(host);
  return `tcp://${chosen.family === 4 ? chosen.address : `[${chosen.address}]`}:${port}`;
}

function noAddress(host: string, cause?: NodeJS.ErrnoException): UserError {
  if (cause?.code === 'EAI_AGAIN') {
    return new UserError({
      code: 'name-server-silent',
      message: `The address of ${host} is not known: no name server answers.`,
      advice: 'Check the network and its name servers (/etc/resolv.conf), or give an IP address.',
      cause,
    });
  }
  return new UserError({
    code: 'unknown-host',
    message: `The host name ${host} has no address: no name server knows it.`,
    advice: 'Check the name (getent hosts NAME shows its address), or give an IP address.',
    cause,
  });
}

/** Whether an address is an IPv6 address, which libzmq takes only with its option `ipv6`. */
export function isIpv6Address(address: string): boolean {
  return address.startsWith('tcp://[');
}
