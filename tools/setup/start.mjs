/**
 * `npm start`: installs dependencies, builds the packages, and trains on the data set digits. It skips what is done
 * already. If it is called again, it resumes an interrupted run, or says where the results of a finished run are.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { checkMachine, install, nx, root } from './prepare.mjs';

const runFolder = path.join('runs', 'digits');

checkMachine();
await install();
await nx(['run-many', '-t', 'build', '--output-style=static', '--parallel=2'], {
  advice: 'The build should not fail; please report what it printed.',
});

const checkpoints = path.join(root, runFolder, 'checkpoints');
const [newest] = existsSync(checkpoints)
  ? readdirSync(checkpoints)
      .filter((file) => file.endsWith('.safetensors'))
      .sort()
      .reverse()
  : [];
const extra = process.argv.slice(2);
const parameters =
  newest === undefined
    ? ['train', '--preset', 'digits', '--out', runFolder, ...extra]
    : ['train', '--resume', runFolder, ...extra];

const child = spawn(process.execPath, [path.join(root, 'apps', 'cli', 'bin', 'lstm-gan.js'), ...parameters], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.removeAllListeners(signal);
// A terminal sends Ctrl-C, and its end, to this process and to its child, which trains. This process ignores them and
// waits for the child's end.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code ?? 1));
