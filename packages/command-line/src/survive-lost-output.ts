import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Lets a program go on when its output cannot be written any more: its work, and the files that it writes, matter more
 * than what it prints. Without this, Node ends the program with a stack trace, and a run would leave its lock.
 */
export function surviveLostOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // EPIPE: the reader of a pipe has gone. EIO: the terminal has been closed.
    if (error.code === 'EPIPE' || error.code === 'EIO') return;
    // A result that could not be printed (for example to a full disk) is not a success.
    process.exitCode ||= 1;
    process.stderr.write(`Standard output cannot be written: ${error.message}.\nChoose another place for it.\n`);
  });
  // Standard error has progress and sentences, and no results: whether they could be written decides nothing.
  process.stderr.on('error', () => undefined);
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => terminals.filter((descriptor) => !isatty(descriptor)).forEach(replaceByNothing));
}

/**
 * At its end, Node restores the settings of the terminals that it began with, and aborts if one of them is gone. It
 * leaves out a descriptor that is another file by then.
 */
function replaceByNothing(descriptor: number): void {
  closeSync(descriptor);
  // The system gives the lowest free number, which is that of the closed descriptor.
  openSync('/dev/null', 'r+');
}
