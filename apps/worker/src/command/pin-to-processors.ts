import { spawnSync } from 'node:child_process';
import { InvalidArgumentError } from 'commander';

/** Makes every thread of this process run on these processors only, a list such as `0-3,8`. */
export function pinToProcessors(cpus: string): void {
  const { status, stderr, error } = spawnSync(
    'taskset',
    ['--all-tasks', '--cpu-list', '--pid', cpus, String(process.pid)],
    { encoding: 'utf8' },
  );
  if (status === 0) return;
  const reason = error === undefined ? stderr.trim() : 'there is no taskset (util-linux) on this machine';
  throw new InvalidArgumentError(`error: option '--cpus ${cpus}' cannot be used: ${reason}`);
}
