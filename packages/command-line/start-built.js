/** Plain JavaScript, so that npm can link the programs before anything is built. */
import { existsSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { earlyStoppedExitCode } from './stopped-exit-code.js';

/** Node opens most modules of a program at once; that takes up to 200 files. */
const neededFiles = 256;

/** How many files this process may have open. Infinity if the system does not tell. */
function mostOpenFiles() {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}

/**
 * While the program loads, a signal ends it. The program replaces these handlers. Without them, the first process of a
 * container would ignore SIGTERM, and SIGHUP would end a program under nohup, because Node forgets that it was started
 * with this signal ignored. At SIGUSR1, Node would wait for a debugger. A worker that has no work yet leaves in good
 * order.
 */
function endAtSignals(isWorker) {
  const end = () => process.exit(isWorker ? earlyStoppedExitCode(process.argv, process.env) : 130);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']) process.on(signal, end);
  process.on('SIGHUP', () => [0, 1, 2].some((descriptor) => isatty(descriptor)) && end());
}

/**
 * Starts a program, or says how to build the checkout if it is not built yet.
 * @param {string} name
 * @param {URL} main
 */
export async function startBuilt(name, main) {
  endAtSignals(name === 'lstm-gan-worker' || process.argv[2] === 'worker');
  const mostFiles = mostOpenFiles();
  if (mostFiles < neededFiles) {
    process.stderr.write(
      `This process may have ${mostFiles} open files; ${name} needs ${neededFiles}.\n` +
        'Raise the limit, for example: ulimit -n 4096 (LimitNOFILE in systemd, --ulimit nofile of a container).\n',
    );
    process.exitCode = 2;
    return;
  }
  if (existsSync(main)) {
    await import(main.href);
    return;
  }
  process.stderr.write(
    `${name} is not built yet in this checkout.\nRun npm start, which also trains on digits, or npm ci and npm run build.\n`,
  );
  process.exitCode = 2;
}
