/**
 * Runs the command line in a process of its own: as it is built if `npm test` runs the tests, because a process then
 * starts three times as fast; otherwise from its sources, so that nothing has to be built first.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options, ResultPromise } from 'execa';
import { startProcess } from './processes.ts';

/** An absolute path, because the command may run in any folder. */
const tsx = createRequire(import.meta.url).resolve('tsx');
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** `npm test` builds everything, and then runs the tests with this variable. */
export const isBuilt = process.env['TEST_RESULTS'] !== undefined;

const programs = { cli: 'lstm-gan', coordinator: 'lstm-gan-coordinator', worker: 'lstm-gan-worker' } as const;
type App = keyof typeof programs;

/** Program and parameters that run `lstm-gan`. */
export function commandLine(parameters: readonly string[]): [string, ...string[]] {
  return programCommand('cli', parameters);
}

/** Program and parameters that run the program of an app, as it is built or from its sources. */
export function programCommand(app: App, parameters: readonly string[]): [string, ...string[]] {
  if (!isBuilt) return sourceCommand(app, parameters);
  return [process.execPath, path.join(root, 'apps', app, 'bin', `${programs[app]}.js`), ...parameters];
}

/** Program and parameters that run the program of an app from its sources. */
export function sourceCommand(app: App, parameters: readonly string[]): [string, ...string[]] {
  const main = path.join(root, 'apps', app, 'src', 'main.ts');
  return [process.execPath, '--conditions=source', '--import', tsx, main, ...parameters];
}

/** Runs `lstm-gan` with parameters. The promise resolves also if it fails. */
export function lstmGan(parameters: readonly string[], options: Options = {}): ResultPromise {
  return startProcess(commandLine(parameters), { cwd: root, ...options });
}

/** What `--json` prints at the end of a run. */
export interface RunSummary {
  readonly runDir: string;
  readonly step: number;
  readonly weightsSha256: string;
  readonly imagesPerSecond: number | null;
  readonly losses: { readonly discriminator: number; readonly generator: number };
  readonly endedBy: 'steps' | 'stop-when' | 'signal';
}

/** Reads the summary from the standard output of a run. Throws if the output is not exactly one line. */
export function summaryOf(stdout: unknown): RunSummary {
  const lines = String(stdout).trim().split('\n');
  if (lines.length !== 1 || lines[0] === '') throw new Error(`standard output should be one line:\n${String(stdout)}`);
  return JSON.parse(lines[0]) as RunSummary;
}
