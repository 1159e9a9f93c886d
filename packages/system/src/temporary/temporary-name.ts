/** Names of temporary files and folders. Each name says which process made it. */
import { createHash, randomBytes } from 'node:crypto';
import { identifyThisProcess, isRunning, type ProcessIdentity } from '../process-identity.ts';

/** The name of a temporary folder has at most this number of bytes. */
export const longestTemporaryName = 40;

const pattern = /^lstm-gan-([0-9a-z]+)-([0-9a-z]*)-([0-9a-f]{6})-[0-9a-f]{8}(?:\.partial)?$/;

/**
 * A new name, such as `lstm-gan-1a2b-9zx4f-3f2a1c-5e0d9c1b`: process ID and start in base 36, a hash of machine, boot
 * and PID namespace, and a random number. It is short, because the path of a socket has at most 107 characters.
 */
export function temporaryName(maker = identifyThisProcess()): string {
  const { pid, started, ...place } = maker;
  const start = started === '' ? '' : Number(started).toString(36);
  return `lstm-gan-${pid.toString(36)}-${start}-${hashOf(place)}-${randomBytes(4).toString('hex')}`;
}

/**
 * Whether the process that made a temporary name still runs. Undefined if this process cannot tell, and if the name is
 * no temporary one.
 */
export function isMakerRunning(name: string): boolean | undefined {
  const [, pid, start, hash] = pattern.exec(name) ?? [];
  const { pid: _pid, started: _started, ...place } = identifyThisProcess();
  if (pid === undefined || hash !== hashOf(place)) return undefined;
  const started = start === '' ? '' : String(parseInt(start, 36));
  return isRunning({ ...place, pid: parseInt(pid, 36), started });
}

/** Whether a name is one of `temporaryName`, with or without the ending `.partial`. */
export function isTemporaryName(name: string): boolean {
  return pattern.test(name);
}

function hashOf({ host, boot, namespace }: Omit<ProcessIdentity, 'pid' | 'started'>): string {
  return createHash('sha256').update([host, boot, namespace].join('\n')).digest('hex').slice(0, 6);
}
