/** What the command answers to its caller; documented in --help. */
export const exitCodes = { success: 0, failure: 1, userError: 2 } as const;
