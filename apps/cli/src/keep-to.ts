import { spawnSync } from 'node:child_process';
import { InvalidArgumentError } from 'commander';

/** Makes every thread of this process run on some processors alone. */
export function keepTo(cpus: string): void {
  const { status, stderr, error } = spawnSync(
    'taskset',
    ['--all-tasks', '--cpu-list', '--pid', cpus, String(process.pid)],
    { encoding: 'utf8' },
  );
  if (status === 0) return;
  throw new InvalidArgumentError(
    `error: option '--cpus ${cpus}' cannot be had: ${error === undefined ? stderr.trim() : 'there is no taskset (util-linux) on this machine'}`,
  );
}
