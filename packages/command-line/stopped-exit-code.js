/**
 * The exit code of a program that a signal stops before its run is over. Plain JavaScript, because start-built.js needs
 * it before anything is built or loaded.
 */

/** EX_TEMPFAIL of sysexits.h: a failure that passes if the program is started again. */
const tryAgain = 75;
const largest = 125;

/** Variables that Slurm, Kubernetes and SkyPilot set for the processes that they start. */
export const schedulerVariables = [
  'SLURM_JOB_ID',
  'KUBERNETES_SERVICE_HOST',
  'JOB_COMPLETION_INDEX',
  'SKYPILOT_TASK_ID',
  'SKYPILOT_NODE_RANK',
];

/**
 * Whether a scheduler of a cluster has started this process. A scheduler takes exit code 0 for a finished run, and does
 * not start it again.
 * @param {Record<string, string | undefined>} environment
 */
export function isUnderScheduler(environment) {
  return schedulerVariables.some((name) => Boolean(environment[name]));
}

/**
 * Returns the exit code of a program that is stopped before its run is over.
 * @param {number | undefined} asked what --stopped-exit-code says
 * @param {Record<string, string | undefined>} environment
 */
export function stoppedExitCode(asked, environment) {
  return asked ?? (isUnderScheduler(environment) ? tryAgain : 0);
}

/**
 * Reads an exit code. Undefined if it is none: shells use the codes above 125 for programs that cannot be started, and
 * for signals.
 * @param {string | undefined} text
 */
export function parseExitCode(text) {
  const value = /^\d{1,3}$/.test(text ?? '') ? Number(text) : NaN;
  return value <= largest ? value : undefined;
}

/**
 * Returns what `stoppedExitCode` will return when the parameters have been read. A value that is no exit code is refused
 * then; until then it does not count.
 * @param {readonly string[]} parameters
 * @param {Record<string, string | undefined>} environment
 */
export function earlyStoppedExitCode(parameters, environment) {
  const option = '--stopped-exit-code';
  const place = parameters.lastIndexOf(option);
  const joined = parameters.find((word) => word.startsWith(`${option}=`));
  const text = place >= 0 ? parameters[place + 1] : joined?.slice(option.length + 1);
  return stoppedExitCode(parseExitCode(text), environment);
}
