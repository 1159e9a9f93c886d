const scheme = 'ipc://';

/** Whether an address is a socket file, which only processes of this machine reach. */
export function isLocalAddress(address: string): boolean {
  return address.startsWith(scheme);
}

/** The path of the socket file of a local address. */
export function socketFileOf(address: string): string {
  return address.slice(scheme.length);
}
