/**
 * Returns a command that runs the given one. The kernel kills its process as soon as the parent process has ended, even
 * if the parent was killed and could clean up nothing. A stopped process is killed too.
 */
export function endingWithParent(command: readonly string[]): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', ...command];
}
