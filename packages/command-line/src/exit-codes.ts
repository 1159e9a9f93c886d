/**
 * The exit codes of the programs. `--help` documents them. A program that is stopped before its run is over ends with
 * `stoppedExitCode`.
 */
export const exitCodes = { success: 0, failure: 1, userError: 2, interrupted: 130 } as const;
