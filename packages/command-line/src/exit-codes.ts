/** The exit codes of the programs. `--help` documents them. */
export const exitCodes = { success: 0, failure: 1, userError: 2, interrupted: 130 } as const;
