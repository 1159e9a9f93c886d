#!/usr/bin/env node
import { createRequire } from 'node:module';
import { createProgram, earlyStoppedExitCode, exitCodes, runCommandLine } from '@lstm-gan/command-line';
import type { Command } from 'commander';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const parameters = process.argv.slice(2);
const isWorker = parameters[0] === 'worker';

/**
 * For a worker, loads only the worker's command, because many workers may start at once and a run waits for all of
 * them.
 */
async function loadProgram(): Promise<Command> {
  if (!isWorker) return (await import('./program.ts')).createWholeProgram(version);
  const { defineWorkerCommand } = await import('@lstm-gan/worker/command');
  const program = createProgram('lstm-gan', version);
  defineWorkerCommand(program.command('worker'));
  return program;
}

// A worker that has no work yet leaves at once, in good order.
const interrupted = isWorker ? earlyStoppedExitCode(parameters, process.env) : exitCodes.interrupted;
await runCommandLine(parameters, loadProgram, interrupted);
