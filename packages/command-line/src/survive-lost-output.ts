/**
 * Lets a program go on when nobody reads its output any more: its work, and the files that it writes, matter more than
 * what it prints. Without this, Node ends the program with a stack trace, and a run would leave its lock.
 */
export function surviveLostOutput(streams: readonly NodeJS.WriteStream[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EPIPE: the reader of a pipe has gone. EIO: the terminal has been closed.
      if (error.code === 'EPIPE' || error.code === 'EIO') return;
      // A result that could not be printed (for example to a full disk) is not a success.
      process.exitCode ||= 1;
      if (stream !== process.stderr)
        process.stderr.write(`Standard output cannot be written: ${error.message}.\nChoose another place for it.\n`);
    });
  }
}
