/**
 * Makes a checkout ready for `npm start`, `npm test` and the other scripts, with nothing but Node and npm. It is plain
 * JavaScript without dependencies, because no package is installed yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const nxProgram = path.join(root, 'node_modules', '.bin', 'nx');
const oldestNode = [20, 19];
/** The exit code of a process that a signal ended. */
const interrupted = 130;

/** The programs that run now, each in a process group of its own. */
const running = new Set();
let isInterrupted = false;
let interruptedMs = -Infinity;
/**
 * Signals within this time are one. The terminal sends Ctrl-C to npm and to this process, and npm passes it on to its
 * shell, whose place this process takes if that is bash.
 */
const sameSignalMs = 1000;

/**
 * A signal ends the programs that run, with the processes that they have started, and then this process. A second one
 * kills them. Also in a container whose first process this is: without a handler, such a process ignores signals.
 */
function interrupt() {
  if (running.size === 0) process.exit(interrupted);
  if (performance.now() - interruptedMs < sameSignalMs) return;
  interruptedMs = performance.now();
  for (const child of running) endGroup(child, isInterrupted ? 'SIGKILL' : 'SIGTERM');
  isInterrupted = true;
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupt);
// Without a terminal, for example under nohup, SIGHUP does not matter.
process.on('SIGHUP', () => [0, 1, 2].some((descriptor) => isatty(descriptor)) && interrupt());

function endGroup({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has just ended.
  }
}

/** Ends the process with a sentence that says what is missing and one that says what to do. */
export function stop(message, advice) {
  process.stderr.write(`${message}\n${advice}\n`);
  process.exit(2);
}

/**
 * Runs a program in the checkout, with the streams of this process. Resolves to its exit status. If it fails and
 * `advice` is given, ends this process with that advice.
 */
export async function run(program, parameters, { advice, env = {} } = {}) {
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
  const child = spawn(program, parameters, { ...options, detached: true });
  running.add(child);
  const status = await new Promise((resolve) => {
    child.once('error', (error) =>
      stop(`${program} could not be started: ${error.message}`, `Install ${program}, then run this again.`),
    );
    child.once('close', (code) => resolve(code ?? 1));
  });
  running.delete(child);
  if (isInterrupted) {
    if (running.size === 0) process.exit(interrupted);
    // Nothing else is started. The last program to end also ends this process.
    await new Promise(() => undefined);
  }
  if (status !== 0 && advice !== undefined) stop(`${program} ${parameters.join(' ')} failed.`, advice);
  return status;
}

/** Ends the process with a sentence if this machine lacks something that npm cannot install. */
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
  const works = (program, parameters, env = process.env) =>
    spawnSync(program, parameters, { stdio: 'ignore', env }).status === 0;
  // An active environment without pip, or another Python in these variables, is no hindrance: setup looks further.
  const env = { ...process.env, PYTHONHOME: undefined, PYTHONPATH: undefined };
  const { stdout: base } = spawnSync('python3', ['-c', 'import sys; print(sys._base_executable)'], {
    env,
    encoding: 'utf8',
  });
  const hasPip = (program, ...rest) => works(program, ['-m', 'pip', '--version'], ...rest);
  if (!hasPip('python3') && !hasPip('python3', env) && !(base && hasPip(base.trim(), env))) {
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

/** Names the variables that change what npm does. A script that npm runs has the others too. */
function npmVariables() {
  const names = Object.keys(process.env).filter((name) =>
    /^npm_config_(omit|only|production|dry_run|workspace|offline|registry|proxy|https_proxy|cafile)$/i.test(name),
  );
  return names.length === 0 ? '' : ` Your environment sets ${names.join(', ')}.`;
}

/** Installs the locked dependencies, unless that is done. Resolves to 0. */
export async function install() {
  const done = path.join(root, 'node_modules', '.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  // npm notes that it is done also if NODE_ENV=production made it leave out nx, which builds the packages.
  const isComplete = existsSync(done) && existsSync(nxProgram);
  if (isComplete && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return 0;
  process.stderr.write('Installing dependencies\n');
  const included = ['dev', 'optional', 'peer', 'prod'].map((kind) => `--include=${kind}`);
  // The user's configuration of npm may say otherwise.
  const settings = ['--no-dry-run', '--no-global', '--bin-links', '--install-strategy=hoisted'];
  const advice = `Check the network and your npm configuration (npm config ls), then run this again.${npmVariables()}`;
  await run('npm', ['ci', ...included, ...settings, '--no-audit', '--no-fund'], { advice });
  if (!existsSync(nxProgram)) stop('npm ci ended without an error, but has not installed everything.', advice);
  return 0;
}

/**
 * Runs nx without its daemon. The daemon is not needed: nx finds its earlier builds in its cache on the disk. Resolves
 * to the exit status.
 */
export function nx(parameters, options) {
  return run(process.execPath, [nxProgram, ...parameters], {
    ...options,
    env: { NX_DAEMON: 'false', ...options?.env },
  });
}
