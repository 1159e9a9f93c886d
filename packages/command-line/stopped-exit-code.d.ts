/** Variables that Slurm, Kubernetes and SkyPilot set for the processes that they start. */
export declare const schedulerVariables: readonly string[];

/** Whether a scheduler of a cluster has started this process. */
export declare function isUnderScheduler(environment: Readonly<Record<string, string | undefined>>): boolean;

/**
 * Returns the exit code of a program that is stopped before its run is over.
 * @param asked what --stopped-exit-code says
 */
export declare function stoppedExitCode(
  asked: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): number;

/** Reads an exit code. Undefined if it is none. */
export declare function parseExitCode(text: string | undefined): number | undefined;

/** Returns what `stoppedExitCode` will return when the parameters have been read. */
export declare function earlyStoppedExitCode(
  parameters: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): number;
