import { fileURLToPath } from 'node:url';
import type { Preset } from '@lstm-gan/core';
import { startSteppingProcess, type SteppingProcess } from './stepping-process.ts';

export interface PlainLoopOptions {
  readonly preset: Preset;
  /** Images of an iteration. */
  readonly batch: number;
  readonly shardSize: number;
  readonly threads: number;
  /** The core that the process is pinned to. */
  readonly core?: number;
}

/**
 * Starts the plain loop in a process of its own. `timedParts` gives the milliseconds of the iteration, of everything
 * except the updates (mostly units), and of the updates.
 */
export function startPlainLoop({
  preset,
  batch,
  shardSize,
  threads,
  core,
}: PlainLoopOptions): Promise<SteppingProcess> {
  const script = fileURLToPath(new URL('plain-loop-process.ts', import.meta.url));
  const numbers = [batch, shardSize, threads].map(String);
  const parameters = [...process.execArgv, script, preset.name, ...numbers];
  return core === undefined
    ? startSteppingProcess(process.execPath, parameters)
    : startSteppingProcess('taskset', ['--cpu-list', String(core), process.execPath, ...parameters]);
}
