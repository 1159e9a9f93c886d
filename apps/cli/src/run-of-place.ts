import { statSync } from 'node:fs';
import { addModel, type ModelOptions } from '@lstm-gan/command-line';
import { loadModelFileOfRun } from '@lstm-gan/coordinator/program';
import { runOfCheckpoint, runOfFolder } from '@lstm-gan/run';
import type { Command } from 'commander';

/** The folder of the run that a user named by its folder or by a checkpoint; undefined for a file that is in no run. */
export function runOfPlace(place: string): string | undefined {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) return runOfFolder(place);
  try {
    return runOfCheckpoint(place);
  } catch {
    return undefined;
  }
}

/** Adds `--model` to a command that builds the networks of a run. */
export function addModelOfRun(command: Command): Command {
  return addModel(command, 'default: the file that the run was trained with');
}

/** Registers the networks of the user's own that the run, or checkpoint, at a place was trained with. */
export async function loadNetworksOf(place: string, { model }: ModelOptions): Promise<void> {
  await loadModelFileOfRun(runOfPlace(place), model);
}
