/**
 * What `npm start` and `npm test` share: a checkout made ready with nothing but Node and npm. Plain JavaScript without
 * dependencies, because none is installed yet.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const oldestNode = [20, 19];

/** Stops with a sentence that says what is missing and what to do. */
export function stop(message, advice) {
  process.stderr.write(`${message}\n${advice}\n`);
  process.exit(2);
}

/** Runs a program in the checkout with this terminal; returns its status, or stops with advice. */
export function run(program, parameters, { advice, env = {} } = {}) {
  const { status, error } = spawnSync(program, parameters, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error !== undefined)
    stop(`${program} could not be started: ${error.message}`, `Install ${program}, then run this again.`);
  if (status !== 0 && advice !== undefined) stop(`${program} ${parameters.join(' ')} failed.`, advice);
  return status ?? 1;
}

/** Checks what can only be checked before anything is installed. */
export function checkMachine() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    stop(
      `Node.js ${process.versions.node} is too old; 20.19 or newer is needed.`,
      'Install a newer one from nodejs.org or with your package manager.',
    );
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    stop(
      `Training needs Linux on x86-64 with glibc; this is ${process.platform} ${process.arch}.`,
      'Train on such a machine; packages/core works here all the same.',
    );
  }
  const works = (program, parameters) => spawnSync(program, parameters, { stdio: 'ignore' }).status === 0;
  if (!works('python3', ['-m', 'pip', '--version'])) {
    stop(
      'python3 with pip was not found; TensorFlow is fetched with it.',
      'Install both (Debian: apt-get install python3-pip).',
    );
  }
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  if (!compilers.some((compiler) => works(compiler, ['--version']))) {
    stop(
      'A C++ compiler was not found; two small addons are compiled with it.',
      'Install one (Debian: apt-get install g++), or name it in CXX.',
    );
  }
}

/** Installs the locked dependencies, unless that is done. */
export function install() {
  const done = path.join(root, 'node_modules', '.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write('Installing dependencies\n');
  run('npm', ['ci', '--no-audit', '--no-fund'], {
    advice: 'Check the network and your npm configuration (npm config get registry), then run this again.',
  });
}

/** nx without its daemon: it remembers by its cache on disk. */
export function nx(parameters, options) {
  return run(process.execPath, [path.join(root, 'node_modules', '.bin', 'nx'), ...parameters], {
    ...options,
    env: { NX_DAEMON: 'false', ...options?.env },
  });
}
