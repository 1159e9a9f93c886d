/** The command that starts a worker: this program, with the subcommand `worker`. */
export const workerCommand: readonly string[] = [process.execPath, ...process.execArgv, process.argv[1], 'worker'];
