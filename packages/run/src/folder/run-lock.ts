/**
 * A lock, so that only one process at a time trains in a run folder. The lock file names its owner by host, boot,
 * process ID, and the time when that process started, so that a new process with the ID of a dead owner is not taken
 * for the owner. This process cannot check whether an owner on another host is alive, so the lock of such an owner
 * stays until a person removes it.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { z } from 'zod';
import { readIfPresent } from '../write-atomically.ts';

const ownerSchema = z.strictObject({
  pid: z.number().int().positive(),
  host: z.string(),
  /** Identifies the machine's last boot; empty if the system does not tell. */
  boot: z.string(),
  /** When the process started, in ticks of the system; empty if the system does not tell. */
  started: z.string(),
});
const lockSchema = ownerSchema.extend({
  /** A random ID, new each time that a lock is taken. */
  lock: z.string().regex(/^[\w-]{1,64}$/),
});

export type LockOwner = z.infer<typeof ownerSchema>;

/** Describes the process that has this ID on this host. Undefined if there is no such process. */
export async function describeProcess(pid: number): Promise<LockOwner | undefined> {
  if (!isAlive(pid)) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // In /proc/PID/stat, the command's name is in parentheses, and may itself contain spaces and parentheses. So the
  // fields are counted from the last closing parenthesis.
  const started = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, host: hostname(), boot: boot.trim(), started };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Takes the lock for this process and returns a function that releases it. Throws a UserError if another process has
 * it.
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const text = `${JSON.stringify({ ...(await describeProcess(process.pid)), lock: randomUUID() })}\n`;
  await take(file, text);
  return async () => {
    if ((await readIfPresent(file)) === text) await rm(file, { force: true });
  };
}

/**
 * Creates the lock file, or replaces the lock of a dead owner. To replace the lock, a process must first take a second
 * lock, `run.lock.after-ID`, where ID is the ID of the dead owner's lock. If several processes find the same dead lock,
 * only one of them gets the second lock. So no process removes a lock that another process has just made.
 */
async function take(file: string, text: string): Promise<void> {
  while (!(await create(file, text))) {
    const found = await readIfPresent(file);
    if (found === undefined) continue; // the owner has just released it
    const succession = `${file}.after-${await refuseLiving(file, found)}`;
    await take(succession, text);
    if ((await readIfPresent(file)) === found) return rename(succession, file);
    await rm(succession, { force: true });
  }
}

async function create(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle
      .writeFile(text)
      .then(() => handle.sync())
      .finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Returns the lock's ID if its owner is dead. Throws a UserError if the owner is alive, or may be alive. */
async function refuseLiving(file: string, text: string): Promise<string> {
  const owner = parseLock(text);
  const folder = path.dirname(file);
  if (owner === undefined || owner.host !== hostname()) {
    const who = owner === undefined ? 'An unknown process' : `Process ${owner.pid} on ${owner.host}`;
    throw new UserError({
      code: 'run-in-use',
      message: `${who} has locked ${folder}.`,
      advice: `Stop it first, or choose another folder with --out. If it is gone for certain, remove ${file}.`,
    });
  }
  const present = await describeProcess(owner.pid);
  if (present?.boot !== owner.boot || present.started !== owner.started) return owner.lock;
  throw new UserError({
    code: 'run-in-use',
    message: `Process ${owner.pid} is training in ${folder}.`,
    advice: 'Stop it first, or choose another folder with --out.',
  });
}

function parseLock(text: string): z.infer<typeof lockSchema> | undefined {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
