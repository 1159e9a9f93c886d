/**
 * One process trains in a run folder at a time. The lock names its owner so exactly (host, boot, process, when that
 * process started) that one which has died is told from another that was given its number. Owners on other hosts cannot
 * be asked whether they live: their lock stands until somebody removes it.
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
  /** Which start of the machine; empty where the system does not tell. */
  boot: z.string(),
  /** When the process started, in the system's ticks; empty where it does not tell. */
  started: z.string(),
});
const lockSchema = ownerSchema.extend({
  /** Unique for each time that a lock is taken. */
  lock: z.string().regex(/^[\w-]{1,64}$/),
});

export type LockOwner = z.infer<typeof ownerSchema>;

/** The process of a number on this host; undefined when there is none. */
export async function describeProcess(pid: number): Promise<LockOwner | undefined> {
  if (!isAlive(pid)) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command's name, in parentheses, may hold anything: count from behind it.
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

/** Takes the lock for this process and returns how to give it back; throws a UserError while another has it. */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const text = `${JSON.stringify({ ...(await describeProcess(process.pid)), lock: randomUUID() })}\n`;
  await take(file, text);
  return async () => {
    if ((await readIfPresent(file)) === text) await rm(file, { force: true });
  };
}

/**
 * A dead owner's lock may be replaced only by who holds the lock of succeeding it, which is named after it: so one of
 * many that find it dead at once wins, and none takes away a lock that was made in between.
 */
async function take(file: string, text: string): Promise<void> {
  while (!(await create(file, text))) {
    const found = await readIfPresent(file);
    if (found === undefined) continue; // given back in between
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

/** The name of a dead owner's lock; throws when the owner lives, or may live. */
async function refuseLiving(file: string, text: string): Promise<string> {
  const owner = parseLock(text);
  const folder = path.dirname(file);
  if (owner === undefined || owner.host !== hostname()) {
    throw new UserError({
      code: 'run-in-use',
      message: `${owner === undefined ? 'An unknown process' : `Process ${owner.pid} on ${owner.host}`} has locked ${folder}.`,
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
