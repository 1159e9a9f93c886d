import { UserError } from '@lstm-gan/core/errors';

/** Returns a UserError that says why an address cannot be bound. Returns any other error unchanged. */
export function explainBindError(address: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new UserError({
      code: 'address-in-use',
      message: `Another program listens on ${address} already.`,
      advice: 'Choose another port, or * for any free one.',
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENODEV' || code === 'EINVAL') {
    return new UserError({
      code: 'address-not-available',
      message: `${address} is no address of this machine.`,
      advice: 'Use tcp://ADDRESS:PORT with an address that this machine has, or tcp://127.0.0.1:* for local workers.',
      cause: error,
    });
  }
  return error;
}
