/** The exit codes of the programs, apart from 130 (interrupted twice). `--help` documents all exit codes. */
export const exitCodes = { success: 0, failure: 1, userError: 2 } as const;
