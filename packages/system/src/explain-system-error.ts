/**
 * Puts errors of the operating system into words. Such an error says something about the user's machine: a path that is
 * wrong, a disk that is full. It is never a bug of the program, so every one of them becomes a UserError.
 */
import { constants } from 'node:os';
import { UserError } from '@lstm-gan/core/errors';

/** Why the system refused something. */
interface Refusal {
  /** Completes a sentence such as "FILE cannot be written: ...". */
  readonly reason: string;
  /** What to do, if that does not depend on what was refused. */
  readonly advice?: string;
}

const notPermitted: Refusal = { reason: 'it is not permitted' };
const tooManyProcesses: Refusal = {
  reason: 'this user may not start more processes',
  advice: 'End some processes, or raise the limit: ulimit -u, TasksMax in systemd, --pids-limit of a container.',
};
const notPossible: Refusal = { reason: 'its file system cannot do that' };
const silentServer: Refusal = { reason: 'the server of its file system does not answer' };

/** By the code of the error; errno(3) describes the codes. */
const refusals: Readonly<Record<string, Refusal>> = {
  EACCES: notPermitted,
  EAGAIN: {
    reason: 'the program at its other end was not ready, and it may not be waited for',
    advice: 'Put a file in the place of the pipe or terminal.',
  },
  EBUSY: { reason: 'it is in use, for example because something is mounted there' },
  EDQUOT: { reason: 'the quota is used up' },
  EEXIST: { reason: 'a file is where a folder should be' },
  EFBIG: { reason: 'it is larger than a limit of this process (ulimit -f) or of its disk' },
  EHOSTDOWN: silentServer,
  EINVAL: notPossible,
  EIO: {
    reason: 'its device reports an error',
    advice: 'Check the disk (dmesg shows its errors), or use another one.',
  },
  EISDIR: { reason: 'it is a folder' },
  ELOOP: { reason: 'its path has a link that leads back to itself' },
  EMFILE: {
    reason: 'this process has too many open files',
    advice: 'Raise the limit, for example: ulimit -n 4096 (LimitNOFILE in systemd, --ulimit nofile of a container).',
  },
  ENAMETOOLONG: { reason: 'its name is too long' },
  ENFILE: {
    reason: 'the system has too many open files',
    advice: 'End programs that are not needed, or raise fs.file-max with sysctl.',
  },
  ENODEV: { reason: 'there is no such device' },
  ENOEXEC: { reason: 'it is no program' },
  ENOMEM: { reason: 'there is too little memory', advice: 'End programs that are not needed, then run this again.' },
  ENOSPC: { reason: 'the disk is full' },
  ENOSYS: notPossible,
  ENOTDIR: { reason: 'a part of its path is a file, not a folder' },
  ENOTEMPTY: { reason: 'a folder that is not empty has its name' },
  ENOTSUP: notPossible,
  ENXIO: { reason: 'there is no such device' },
  EOPNOTSUPP: notPossible,
  EPERM: notPermitted,
  EPIPE: {
    reason: 'nobody reads it any more',
    advice: 'Let its reader run until this command has ended, or write to a file.',
  },
  EROFS: { reason: 'the disk is read-only' },
  ESTALE: { reason: 'its file system has lost it' },
  ETIMEDOUT: silentServer,
  ETXTBSY: { reason: 'it is a program that is running' },
  EXDEV: { reason: 'its folder is on two file systems' },
};

/** System calls that change a file or folder. */
const ofChanges = [
  ...['write', 'mkdir', 'mkdtemp', 'rename', 'unlink', 'rm', 'rmdir', 'fsync', 'fdatasync', 'ftruncate', 'truncate'],
  ...['chmod', 'fchmod', 'utime', 'copyfile', 'link', 'symlink'],
];
/** System calls that read, if their errors name no path. */
const ofReads = ['read', 'fstat', 'scandir', 'close'];
/** Codes that only a write has. */
const ofWrites = ['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG'];
const ofFullDisks = ['ENOSPC', 'EDQUOT'];
/** Codes of limits that any call may meet. */
const ofLimits = ['EMFILE', 'ENFILE', 'ENOMEM'];

/** Why something failed, in words that complete a sentence such as "FILE cannot be read: ...". */
export function reasonOf(thrown: unknown, doing: 'reading' | 'writing' = 'reading'): string {
  const refusal = refusalOf(thrown, doing);
  if (refusal !== undefined) return refusal.reason;
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown ?? 'nobody says why');
  return text.replace(/\.$/, '');
}

/** What to do if something failed: what the system's refusal itself suggests, else `usual`. */
export function adviceOf(thrown: unknown, usual: string): string {
  return refusalOf(thrown, 'reading')?.advice ?? usual;
}

/**
 * Explains why a write of `file` failed. Returns a UserError that names the reason; returns an error that is not the
 * system's, and a UserError, unchanged.
 * @param advice what else the user can do, for example `Choose another folder with --out.`
 */
export function explainWriteError(file: string, error: unknown, advice: string): unknown {
  const refusal = refusalOf(error, 'writing');
  if (refusal === undefined) return error;
  const isFull = ofFullDisks.includes(codeOf(error));
  return new UserError({
    code: 'cannot-write',
    message: `${file} cannot be written: ${refusal.reason}.`,
    advice: refusal.advice ?? (isFull ? `Make room, or ${advice[0].toLowerCase()}${advice.slice(1)}` : advice),
    cause: error,
  });
}

/** Does the same for a read of `file`. */
export function explainReadError(
  file: string,
  error: unknown,
  advice = 'Check the path and its permissions.',
): unknown {
  const refusal = refusalOf(error, 'reading');
  if (refusal === undefined) return error;
  return new UserError({
    code: 'cannot-read',
    message: `${file} cannot be read: ${refusal.reason}.`,
    advice: refusal.advice ?? advice,
    cause: error,
  });
}

/**
 * Explains an error that no code before has explained: names the file, if the error does, and what was done with it.
 * Returns an error that is not the system's, and a UserError, unchanged.
 */
export function explainSystemError(error: unknown): unknown {
  if (!isOfSystem(error)) return error;
  const { path, syscall, message } = error;
  const refuse = (what: string, reason?: string): UserError => {
    const refusal = refusalOf(error, 'reading');
    const advice = refusal?.advice ?? 'Mend what this sentence names, then run the command again.';
    return new UserError({
      code: 'system-refused',
      message: `${what}: ${reason ?? refusal?.reason}.`,
      advice,
      cause: error,
    });
  };
  if (syscall === undefined) {
    // Of libzmq. What is wrong with an address has been explained before; the other codes are bugs of ours.
    return ofLimits.includes(codeOf(error)) ? refuse('The system refused a socket') : error;
  }
  if (syscall.startsWith('spawn')) return refuse(`${path ?? 'A program'} cannot be started`);
  // Whether a file was opened to be read or to be written, the error does not say.
  if (syscall === 'open') return refuse(`${path ?? 'A file'} cannot be opened`);
  if (ofChanges.includes(syscall) || ofWrites.includes(codeOf(error)))
    return explainWriteError(path ?? 'A file', error, 'Choose another place, then run the command again.');
  if (path !== undefined || ofReads.includes(syscall)) return explainReadError(path ?? 'A file', error);
  return refuse('The system refused a call', message);
}

function refusalOf(error: unknown, doing: 'reading' | 'writing'): Refusal | undefined {
  if (!isOfSystem(error)) return undefined;
  const { syscall, message } = error;
  const code = codeOf(error);
  if (code === 'EAGAIN' && syscall?.startsWith('spawn')) return tooManyProcesses;
  if (code === 'ENOENT' && syscall === 'mkdir') return { reason: 'no folder can be made there' };
  if (code === 'ENOENT') return { reason: doing === 'writing' ? 'its folder does not exist' : 'it does not exist' };
  // The code alone is clearer than a sentence that would be a guess.
  return refusals[code] ?? { reason: message };
}

/** The name of the error's code. Node has no names for some, such as EDQUOT: the number then tells. */
function codeOf(error: unknown): string {
  const { code = '', errno } = error as NodeJS.ErrnoException;
  if (!code.startsWith('Unknown system error') || errno === undefined) return code;
  return Object.entries(constants.errno).find(([, number]) => number === -errno)?.[0] ?? code;
}

/** Whether an error is one of the operating system's, with a code such as ENOENT. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || error instanceof UserError) return false;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return false;
  return /^E[A-Z0-9]+$/.test(codeOf(error)) && (errno !== undefined || code in refusals);
}
