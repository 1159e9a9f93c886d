/**
 * Turns a command into one whose process the kernel kills as soon as the process that started it has ended, even if that
 * one was killed itself and could clean up nothing. Stopped processes are killed too.
 */
export function endingWithParent(command: readonly string[]): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', ...command];
}
