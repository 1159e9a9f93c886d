/** Builds what tests need in `dist` folders. */
import { isBuilt, root } from './command-line.ts';
import { startProcess } from './processes.ts';

/**
 * Builds `project`, or everything. Does nothing if `npm test` runs the tests, because it has built everything before.
 * Building again would be wrong then: nx removes the `dist` folders before it restores them from its cache, and other
 * tests start programs from them at the same time.
 */
export async function build(project?: string): Promise<void> {
  if (isBuilt) return;
  const task = project === undefined ? ['run-many', '-t', 'build'] : ['run', `${project}:build`];
  const nx = [process.execPath, 'node_modules/.bin/nx', ...task];
  await startProcess(nx, { cwd: root, env: { NX_DAEMON: 'false' }, reject: true });
}
