import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UserError } from '@lstm-gan/core/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identifyThisProcess } from '../process-identity.ts';
import { takeLock, type LockOptions } from './take-lock.ts';

const heartbeatMs = 200;
const program = fileURLToPath(new URL('../testing/hold-lock.ts', import.meta.url));

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-lock-'));
  file = path.join(folder, 'run.lock');
});

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true });
});

interface Holder {
  readonly child: ChildProcess;
  /** The next line that the program prints; undefined at its end. */
  line(): Promise<string | undefined>;
  /** Asks whether the lock is still its own. */
  ask(): Promise<string | undefined>;
}

/** Starts a process that takes the lock. `place` is a command in front of it, such as `unshare`. */
function start(options: object = {}, { place = [], at = file }: { place?: string[]; at?: string } = {}): Holder {
  const [command, ...parameters] = [
    ...place,
    ...[process.execPath, '--conditions=source', '--import', 'tsx', program, at],
    JSON.stringify({ heartbeatMs, ...options }),
  ];
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value as string | undefined;
  return {
    child,
    line,
    ask() {
      child.stdin.write('asked\n');
      return line();
    },
  };
}

async function kill({ child }: Holder): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const refuse = (owner: string) => new UserError({ code: 'in-use', message: owner, advice: '' });
const take = (options: Partial<LockOptions> = {}) => takeLock(file, { what: 'it', refuse, heartbeatMs, ...options });
const owner = { ...identifyThisProcess(), folder: '1:1', lock: 'x', heartbeat: new Date(0).toISOString() };
const lockOf = (changes: object) => writeFile(file, JSON.stringify({ ...owner, ...changes }));

const otherNamespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const otherHost = ['unshare', '--uts', 'sh', '-c', 'hostname elsewhere && exec "$@"', 'sh'];
const mayUnshare = spawnSync(otherNamespace[0], [...otherNamespace.slice(1), 'true']).status === 0;
if (!mayUnshare)
  process.stderr.write('Tests of locks between containers are skipped: unshare is not permitted here.\n');

describe('a lock', () => {
  it('is refused while its process lives, and free when that process has released it', async () => {
    const holder = start();
    expect(await holder.line()).toBe('taken');
    await expect(take()).rejects.toThrow(`process ${holder.child.pid}`);
    holder.child.stdin?.end();
    expect(await holder.line()).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    (await take()).release();
  });

  it('is taken over at once from a process that was killed', async () => {
    const holder = start({ heartbeatMs: 3_600_000 });
    await holder.line();
    await kill(holder);
    const lock = await take({ heartbeatMs: 3_600_000 });
    expect(lock.isTakenOver).toBe(false);
    lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over at once from a process that was killed and that nobody has asked after', async () => {
    const zombie =
      'import os, time\npid = os.fork()\nif pid == 0: os._exit(0)\nprint(pid, flush=True)\ntime.sleep(1000)';
    const parent = spawn('python3', ['-c', zombie], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(parent);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = line.toString().trim();
    let fields: string[] = [];
    while (fields[2] !== 'Z') fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
    const other = start();
    await other.line();
    await writeFile(
      file,
      JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), pid: Number(pid), started: fields[21] }),
    );
    other.child.stdin?.end();
    (await take({ heartbeatMs: 3_600_000 })).release();
  });

  it('is removed also if its process ends by an error or by process.exit', async () => {
    const script = `
      import { takeLock } from '@lstm-gan/system';
      await takeLock(${JSON.stringify(file)}, { what: 'it' });
      process.exit(7);`;
    const child = spawn(process.execPath, [
      ...['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval'],
      script,
    ]);
    expect(await once(child, 'exit')).toEqual([7, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused where a link leads nowhere', async () => {
    await symlink(path.join(folder, 'nothing'), file);
    await expect(take()).rejects.toThrow(`${file} is a link that leads nowhere`);
  });

  it('removes what was left by a process that was killed while it took the lock over', async () => {
    await writeFile(`${file}.after-x`, '');
    const lock = await take();
    expect(await readdir(folder)).toEqual(['run.lock']);
    lock.release();
  });

  it('is released without an error when its disk fails', async () => {
    const lock = await take();
    await rm(file);
    await mkdir(file);
    lock.release();
    expect(await readdir(folder)).toEqual(['run.lock']);
  });

  it('is refused while this process itself has it', async () => {
    const lock = await take();
    await expect(take()).rejects.toThrow(`process ${process.pid}`);
    lock.release();
  });

  it('is taken by exactly one of many that find its owner dead at about the same time', async () => {
    const { pid } = spawnSync('true');
    const { dev, ino } = await import('node:fs').then(({ statSync }) => statSync(folder));
    for (let round = 0; round < 30; round++) {
      await lockOf({ pid, folder: `${dev}:${ino}` });
      const takers = await Promise.allSettled(
        Array.from({ length: 20 }, async (_, k) => {
          for (let turn = 0; turn < k; turn++) await readdir(folder);
          return take();
        }),
      );
      const winners = takers.filter((taker) => taker.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const taker of takers) if (taker.status === 'rejected') expect(taker.reason.code).toBe('in-use');
      expect(await readdir(folder)).toEqual(['run.lock']);
      winners[0].value.release();
    }
  });

  it('is not removed by an owner that has lost it', async () => {
    const lock = await take();
    await writeFile(file, 'another');
    lock.release();
    expect(await readFile(file, 'utf8')).toBe('another');
  });

  it('is lost when somebody removes it', async () => {
    const lock = await take();
    await rm(file);
    expect(() => lock.confirm()).toThrow(expect.objectContaining({ code: 'lock-lost' }));
    lock.release();
  });

  it('waits for a living process if it is not to refuse, and says for whom', async () => {
    const first = start({ wait: true });
    expect(await first.line()).toBe('taken');
    const second = start({ wait: true });
    expect(await second.line()).toBe(`notice: Waiting for process ${first.child.pid}, which works in the folder.`);
    first.child.stdin?.end();
    expect(await second.line()).toBe('taken');
  });
});

describe('a lock whose process cannot be asked after', () => {
  it.each([
    ['is empty', ''],
    ['is damaged', '{"pid":'],
    ['names another machine', JSON.stringify({ ...owner, host: 'elsewhere' })],
    ['names an earlier boot', JSON.stringify({ ...owner, boot: 'the one before' })],
    ['names another PID namespace', JSON.stringify({ ...owner, namespace: 'pid:[1]' })],
    ['was made in another folder', JSON.stringify(owner)],
    ['holds only the number of a living process', String(process.pid)],
  ])('is taken over when it stands still, if it %s', async (_, text) => {
    await writeFile(file, text);
    const notices: string[] = [];
    const lock = await take({ heartbeatMs: 5, onNotice: (sentence) => notices.push(sentence) });
    expect(lock.isTakenOver).toBe(true);
    expect(notices).toEqual([expect.stringMatching(/^it is locked by .* no sign of life for 0.05 s/)]);
    lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over also if its successor died while it took over', async () => {
    await lockOf({ host: 'elsewhere' });
    await writeFile(`${file}.after-x`, JSON.stringify({ ...owner, host: 'elsewhere', lock: 'y' }));
    (await take({ heartbeatMs: 5 })).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('in a copy of a locked folder does not keep others from working there', async () => {
    const holder = start();
    await holder.line();
    const branch = path.join(folder, 'branch');
    await mkdir(branch);
    await cp(file, path.join(branch, 'run.lock'));
    const other = start({}, { at: path.join(branch, 'run.lock') });
    expect(await other.line()).toMatch(/which locked another folder\. If that shows no sign of life/);
    expect(await other.line()).toBe('taken over');
    expect(await holder.ask()).toBe('asked: own');
  });

  it.runIf(mayUnshare).each([
    ['in another PID namespace', otherNamespace],
    ['on another host', [...otherNamespace, ...otherHost]],
  ])('is refused while that process lives, %s', async (_, place) => {
    const holder = start({}, { place });
    expect(await holder.line()).toBe('taken');
    const host = place === otherNamespace ? hostname() : 'elsewhere';
    const { pid } = JSON.parse(await readFile(file, 'utf8')) as { pid: number };
    await expect(take()).rejects.toThrow(`process ${pid} on ${host}`);
    expect(await holder.ask()).toBe('asked: own');
  });

  it.runIf(mayUnshare).each([
    ['in another PID namespace', otherNamespace],
    ['on another host', [...otherNamespace, ...otherHost]],
  ])('is taken over when that process was killed, %s', async (_, place) => {
    const holder = start({}, { place });
    expect(await holder.line()).toBe('taken');
    await kill(holder);
    const lock = await take();
    expect(lock.isTakenOver).toBe(true);
    lock.release();
  });

  it.runIf(mayUnshare)('is refused by one of two processes that start at the same time with the same ID', async () => {
    const holders = [start({}, { place: otherNamespace }), start({}, { place: otherNamespace })];
    const ends = await Promise.all(
      holders.map(async ({ line }) => {
        let said = await line();
        if (said?.startsWith('notice')) said = await line();
        return said?.split(':')[0];
      }),
    );
    expect(ends.sort()).toEqual(['refused', 'taken']);
  });

  it.runIf(mayUnshare)('is lost for a process that was stopped for long and wakes up', async () => {
    const holder = start({}, { place: otherNamespace });
    await holder.line();
    // The child of unshare is the process that holds the lock.
    const [pid] = (await readFile(`/proc/${holder.child.pid}/task/${holder.child.pid}/children`, 'utf8')).split(' ');
    process.kill(Number(pid), 'SIGSTOP');
    const lock = await take();
    process.kill(Number(pid), 'SIGCONT');
    expect(await holder.ask()).toMatch(
      /^asked: the folder now belongs to process \d+ on .*taken the lock over: this process writes nothing more\.$/,
    );
    lock.confirm();
    holder.child.stdin?.end();
    await holder.line();
    lock.confirm();
    lock.release();
  });
});

describe('take-over', () => {
  it('takes a lock at once from a living process, which notices it by itself', async () => {
    const lock = await take();
    const lost = once(lock.lost, 'abort');
    const taker = start({ takeOver: true });
    expect(await taker.line()).toBe(`notice: the folder is taken over from process ${process.pid}.`);
    expect(await taker.line()).toBe('taken over');
    await lost;
    expect(() => lock.confirm()).toThrow(expect.objectContaining({ code: 'lock-lost' }));
    lock.release();
    expect(await taker.ask()).toBe('asked: own');
  });
});

it('leaves no lock on a full disk', async () => {
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', folder]).status !== 0)
    throw new Error('This test mounts a tmpfs, and may not. Run it as root, or in a container that allows mounts.');
  try {
    await writeFile(path.join(folder, 'full'), Buffer.alloc(4096));
    await expect(take()).rejects.toThrow('ENOSPC');
    expect(await readdir(folder)).toEqual(['full']);
  } finally {
    spawnSync('umount', ['--lazy', folder]);
  }
});
