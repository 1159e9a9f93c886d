/** Runs programs in a terminal of their own. */
import type { Options, ResultPromise } from 'execa';
import { startProcess } from './processes.ts';

/** Passes on what is typed and printed, until the input ends: then it closes the terminal. */
const terminal = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    ready = select.select([0, terminal], [], [])[0]
    try:
        printed = os.read(terminal, 65536) if terminal in ready else b''
    except OSError:
        break
    os.write(1, printed)
    if 0 in ready:
        typed = os.read(0, 65536)
        if not typed: break
        os.write(terminal, typed)
os.close(terminal)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
`;

/**
 * Starts a program in a new terminal, with Python. Its standard input is the keyboard: `\x03` is Ctrl-C, and the end of
 * the input closes the terminal. Its standard output is the screen. The exit code is the program's.
 */
export function startInTerminal(command: readonly string[], options: Options = {}): ResultPromise {
  return startProcess(['python3', '-c', terminal, ...command], { stdin: 'pipe', ...options });
}
