/** Runs the command line from its sources, in a process of its own. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options, ResultPromise } from 'execa';
import { startProcess } from './processes.ts';

/** An absolute path, because the command may run in any folder. */
const tsx = createRequire(import.meta.url).resolve('tsx');
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Program and parameters that run `lstm-gan` from its sources. */
export function commandLine(parameters: readonly string[]): [string, ...string[]] {
  return sourceCommand('cli', parameters);
}

/** Program and parameters that run one of the apps from its sources. */
export function sourceCommand(app: string, parameters: readonly string[]): [string, ...string[]] {
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
