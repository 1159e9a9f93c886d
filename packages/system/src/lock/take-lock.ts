/**
 * A lock file, so that only one process at a time works in a folder that several machines and containers may share.
 *
 * The owner of a lock writes the time into the lock file every two seconds: the heartbeat. A process that wants the
 * lock asks the system whether the owner runs, if the lock names a process of its own machine and PID namespace.
 * Otherwise it looks at the file every two seconds: if the heartbeat stands still ten times in a row, the owner counts
 * as gone, and the lock is taken over. Looks are counted, not time: clocks of machines differ, and after this process
 * was stopped itself, nobody else had been silent.
 *
 * An owner that was stopped for that long (SIGSTOP, a paused container) may wake up after its lock was taken over. So
 * the owner must call `confirm` after it has prepared a change and before it makes the change. A new owner first
 * removes what others have prepared. So a change of the old owner fails, even if that owner was stopped between
 * `confirm` and the change.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '@lstm-gan/core/errors';
import { atExit } from '../at-exit.ts';
import { identifyThisProcess } from '../process-identity.ts';
import { describeOwner, isOwnerRunning, lockId, writeLockText, type LockText } from './lock-text.ts';

/** How a lock is taken. */
export interface LockOptions {
  /** What the lock protects, for sentences: the path of a folder. */
  readonly what: string;
  /**
   * Makes the error that is thrown if a living process has the lock. Without it, waits until that process releases the
   * lock.
   * @param owner the process in words, such as `process 12 on alpha`
   */
  readonly refuse?: (owner: string) => UserError;
  /** Takes the lock at once, also from a living process. */
  readonly takeOver?: boolean;
  /** Gets a sentence about a process that is waited for, or whose lock is taken over. */
  readonly onNotice?: (sentence: string) => void;
  /** The time between two heartbeats, and between two looks at another owner's heartbeat. */
  readonly heartbeatMs?: number;
}

/** A lock that this process has taken. */
export interface Lock {
  /** Whether the owner before this one may still live: it was stopped, or this process could not ask after it. */
  readonly isTakenOver: boolean;
  /** Throws a UserError if another process has taken the lock over. Takes some 20 microseconds on a local disk. */
  confirm(): void;
  /** Aborted when a heartbeat finds that another process has taken the lock over. */
  readonly lost: AbortSignal;
  /** Lets other processes take the lock. The end of this process does this too. A second call does nothing. */
  release(): void;
}

/** A heartbeat that stands still for this number of looks is that of a process that is gone. */
const silentLooks = 10;

const defaultHeartbeatMs = 2000;

/** A lock has about 300 bytes; the names of hosts have at most 64 characters. */
const mostLockBytes = 4096;

/** How often a process is asked after that runs on this machine. */
const askAgainMs = 200;

/** A lock's file, open for heartbeats. */
interface Obtained {
  readonly handle: FileHandle;
  readonly isTakenOver: boolean;
}

/** The identity of this owner, without the time. */
type Owner = Omit<LockText, 'heartbeat'>;

/** Takes the lock for this process. Waits for another owner, refuses, or takes over, as `options` say. */
export async function takeLock(file: string, options: LockOptions): Promise<Lock> {
  for (;;) {
    const owner = { ...identifyThisProcess(), folder: folderId(path.dirname(file)), lock: randomUUID() };
    const obtained = await obtain(file, owner, options);
    const lock = holdLock(file, obtained, owner, options);
    // If this process was stopped while it took the lock, another may have taken the lock over already.
    if (hasLock(file, owner)) {
      removeSuccessors(file, owner);
      return lock;
    }
    lock.release();
  }
}

function folderId(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `${dev}:${ino}`;
}

/**
 * Creates the lock file, or replaces the lock of an owner that is gone. To replace the lock, a process must first take a
 * second lock, `FILE.after-ID`, where ID is the ID of the first lock. If several processes find the same lock, only one
 * of them gets the second lock. So no process replaces a lock that another process has just taken.
 */
async function obtain(file: string, owner: Owner, options: LockOptions): Promise<Obtained> {
  for (;;) {
    const created = await create(file, owner);
    if (created !== undefined) return { handle: created, isTakenOver: false };
    const found = await awaitEnd(file, owner.folder, options);
    if (found === undefined) {
      refuseEmptyLink(file);
      continue; // the owner has released it
    }
    const successor = `${file}.after-${lockId(found)}`;
    const { handle } = await obtain(successor, owner, { ...options, takeOver: false });
    const present = readIfPresent(file);
    // A heartbeat came after the last look, so the owner lives.
    const isSame = options.takeOver === true ? lockId(present ?? '') === lockId(found) : present === found;
    if (isSame && (await replaces(successor, file)))
      return { handle, isTakenOver: isOwnerRunning(found, owner.folder) !== false };
    await handle.close();
    await rm(successor, { force: true });
  }
}

async function create(file: string, owner: Owner): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
  try {
    await handle.write(writeLockText(owner, new Date()), 0);
    await handle.sync();
    return handle;
  } catch (error) {
    // On a full disk the file would stay, empty.
    await handle.close();
    await rm(file, { force: true });
    throw error;
  }
}

/** Renames a file. False if the file is gone. */
async function replaces(successor: string, file: string): Promise<boolean> {
  try {
    await rename(successor, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Waits until the owner of a lock is gone. Returns the text of its lock, which can be taken over; undefined if the owner
 * has released the lock.
 */
async function awaitEnd(file: string, folder: string, options: LockOptions): Promise<string | undefined> {
  const { what, refuse, onNotice = () => undefined, heartbeatMs = defaultHeartbeatMs } = options;
  let last = readIfPresent(file);
  let said = '';
  const say = (sentence: string): void => {
    if (sentence !== said) onNotice(sentence);
    said = sentence;
  };
  let looks = 0;
  while (last !== undefined) {
    const owner = describeOwner(last, folder);
    const isRunning = isOwnerRunning(last, folder);
    if (isRunning === false) return last;
    if (options.takeOver === true) {
      onNotice(`${what} is taken over from ${owner}.`);
      return last;
    }
    if (isRunning === true) {
      if (refuse !== undefined) throw refuse(owner);
      say(`Waiting for ${owner}, which works in ${what}.`);
      await delay(askAgainMs);
      last = readIfPresent(file);
      continue;
    }
    const seconds = (silentLooks * heartbeatMs) / 1000;
    say(`${what} is locked by ${owner}. If that shows no sign of life for ${seconds} s, the lock is taken over.`);
    await delay(heartbeatMs);
    const next = readIfPresent(file);
    if (next === last) {
      looks += 1;
      if (looks === silentLooks) return last;
    } else {
      looks = 0;
      // The file of a lock that is being taken or released changes too, but to another lock.
      if (next !== undefined && lockId(next) === lockId(last) && refuse !== undefined) throw refuse(owner);
    }
    last = next;
  }
  return undefined;
}

/** Writes heartbeats into the lock's file, until the lock is released or lost. */
function holdLock(
  file: string,
  { handle, isTakenOver }: Obtained,
  owner: Owner,
  { what, heartbeatMs = defaultHeartbeatMs }: LockOptions,
): Lock {
  const lost = new AbortController();
  let isBeating = false;
  const beat = async (): Promise<void> => {
    if (isBeating) return;
    isBeating = true;
    try {
      // Through its handle the owner reaches its own file, even if another process has put its lock in this file's
      // place.
      await handle.write(writeLockText(owner, new Date()), 0);
      await handle.datasync();
      if (!hasLock(file, owner)) end();
    } catch {
      // The disk refuses to be written or read for a while. `confirm` notices if the lock is lost because of that.
    } finally {
      isBeating = false;
    }
  };
  const timer = setInterval(() => void beat(), heartbeatMs);
  timer.unref();
  const end = (): void => {
    clearInterval(timer);
    lost.abort();
  };
  const release = (): void => {
    forget();
    clearInterval(timer);
    handle.close().catch(() => undefined);
    try {
      if (hasLock(file, owner)) rmSync(file, { force: true });
    } catch {
      // The disk refuses it. The next owner finds that this process is gone.
    }
  };
  const forget = atExit(release);
  let isReleased = false;
  return {
    isTakenOver,
    lost: lost.signal,
    confirm() {
      const found = readIfPresent(file);
      if (found !== undefined && lockId(found) === owner.lock) return;
      end();
      const taker = found === undefined ? 'an unknown process' : describeOwner(found, owner.folder);
      throw new UserError({
        code: 'lock-lost',
        message: `${what} now belongs to ${taker}, which has taken the lock over: this process writes nothing more.`,
        advice: 'Leave the work to that process; or stop it first, then run this command again.',
      });
    },
    release() {
      if (!isReleased) release();
      isReleased = true;
    },
  };
}

function hasLock(file: string, { lock }: Owner): boolean {
  const found = readIfPresent(file);
  return found !== undefined && lockId(found) === lock;
}

/** Removes the second locks of processes that were killed before they replaced an earlier lock. */
function removeSuccessors(file: string, { lock }: Owner): void {
  const [folder, name] = [path.dirname(file), path.basename(file)];
  for (const other of readdirSync(folder))
    if (other.startsWith(`${name}.after-`) && !other.startsWith(`${name}.after-${lock}`))
      rmSync(path.join(folder, other), { force: true });
}

/** Throws if a link that leads nowhere is in the lock's place: no file can be created there. */
function refuseEmptyLink(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true || existsSync(file)) return;
  throw new UserError({
    code: 'lock-is-a-link',
    message: `${file} is a link that leads nowhere; a lock should be there.`,
    advice: 'Remove the link, then run the command again.',
  });
}

/** The text of a lock file; undefined if there is none. Synchronous, so that `confirm` can be. */
function readIfPresent(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(mostLockBytes);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
