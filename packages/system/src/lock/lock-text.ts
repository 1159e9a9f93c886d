/** What a lock file contains: one line of JSON. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { isRunning, type ProcessIdentity } from '../process-identity.ts';

export interface LockText extends ProcessIdentity {
  /** Device and inode of the folder that the lock is in: a copy of the folder has others. */
  readonly folder: string;
  /** A random ID, new each time that a lock is taken. */
  readonly lock: string;
  /** When the owner last said that it lives, as ISO 8601. */
  readonly heartbeat: string;
}

/** The line of a lock. The time always has the same length, so that a heartbeat changes nothing else. */
export function writeLockText(owner: Omit<LockText, 'heartbeat'>, now: Date): string {
  return `${JSON.stringify({ ...owner, heartbeat: now.toISOString() })}\n`;
}

/** Returns undefined if the text is no lock's: it is being written, or it is damaged. */
function readLockText(text: string): LockText | undefined {
  try {
    const content = JSON.parse(text) as LockText;
    const texts = [content.host, content.boot, content.namespace, content.started, content.folder, content.heartbeat];
    const isSound = texts.every((value) => typeof value === 'string') && Number.isSafeInteger(content.pid);
    return isSound && content.pid > 0 && /^[\w-]{1,64}$/.test(content.lock) ? content : undefined;
  } catch {
    return undefined;
  }
}

/** Identifies a lock by the text of its file, also if the text is damaged. */
export function lockId(text: string): string {
  return readLockText(text)?.lock ?? createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * Whether the owner of a lock still runs. Undefined if this process cannot tell. A lock that was made in another folder
 * may be a copy, or the same folder seen through another file system.
 */
export function isOwnerRunning(text: string, folder: string): boolean | undefined {
  const content = readLockText(text);
  return content?.folder === folder ? isRunning(content) : undefined;
}

/** Names the owner of a lock in a sentence. */
export function describeOwner(text: string, folder: string): string {
  const content = readLockText(text);
  if (content === undefined) return 'an unknown process';
  if (isOwnerRunning(text, folder) !== undefined) return `process ${content.pid}`;
  if (content.folder !== folder) return `process ${content.pid} on ${content.host}, which locked another folder`;
  const where = content.host === hostname() ? ' (another container, or before a restart)' : '';
  return `process ${content.pid} on ${content.host}${where}`;
}
