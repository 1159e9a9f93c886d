/** Names a process so that other processes can tell whether it still runs. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where and when a process was started. A text is empty if the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Identifies the machine's last boot. */
  readonly boot: string;
  /** Identifies the PID namespace: processes of two containers may have the same ID. */
  readonly namespace: string;
  /** When the process started, in ticks of the system: a later process may have the same ID. */
  readonly started: string;
}

/** The identity of this process. */
export function identifyThisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    boot: read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: read(() => readlinkSync('/proc/self/ns/pid')),
    started: readStatus('self').started,
  };
}

/**
 * Whether a process still runs. Undefined if this process cannot tell, because the other one was started on another
 * machine, before the machine's last boot, or in another PID namespace.
 */
export function isRunning(other: ProcessIdentity): boolean | undefined {
  const here = identifyThisProcess();
  const canTell = here.boot !== '' && here.namespace !== '';
  if (!canTell || other.host !== here.host || other.boot !== here.boot || other.namespace !== here.namespace)
    return undefined;
  if (!isAlive(other.pid)) return false;
  // A /proc that was mounted in another PID namespace tells about other processes.
  if (read(() => readlinkSync('/proc/self')) !== String(process.pid)) return true;
  const { state, started } = readStatus(String(other.pid));
  // Where /proc hides the processes of other users (hidepid), it does not tell when one started.
  if (started === '') return isAlive(other.pid) ? undefined : false;
  // A process that has ended is a zombie (Z) until its parent asks how it ended. In many containers nobody asks.
  return state !== 'Z' && state !== 'X' && started === other.started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** State and start of a process, as the system tells them. Both are empty if the process has just ended. */
function readStatus(process: string): { state: string; started: string } {
  const status = read(() => readFileSync(`/proc/${process}/stat`, 'utf8'));
  // The command's name is in parentheses, and may itself contain spaces and parentheses. So the fields are counted from
  // the last closing parenthesis.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return '';
  }
}
