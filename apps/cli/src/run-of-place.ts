import { statSync } from 'node:fs';
import { runOfCheckpoint, runOfFolder } from '@lstm-gan/run';

/** The folder of the run that a user named by its folder or by a checkpoint; undefined for a file that is in no run. */
export function runOfPlace(place: string): string | undefined {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) return runOfFolder(place);
  try {
    return runOfCheckpoint(place);
  } catch {
    return undefined;
  }
}

/** What the help says of `--model` in commands that look at a run. */
export const rememberedModel = 'default: the file that the run was trained with';
