import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { checkpointsOf, lastWrittenMs, runOfCheckpoint, runOfFolder } from '@lstm-gan/run';

/** A run to resume. */
export interface FoundRun {
  /** The run folder. */
  readonly root: string;
  /** The checkpoint to resume from, if it is not the newest. */
  readonly checkpoint?: string;
}

/**
 * Finds the run that `--resume` names: the newest one (no value, or `latest`), a run folder, its folder of checkpoints,
 * or a checkpoint of a run.
 */
export async function findRun(named: string | true, runsFolder = 'runs'): Promise<FoundRun> {
  if (named === true || named === 'latest') return { root: await newestRun(runsFolder) };
  const root = runOfCheckpoint(named);
  return root === undefined ? { root: runOfFolder(named) } : { root, checkpoint: named };
}

/** Returns the folder of the run that wrote a checkpoint last. */
async function newestRun(runsFolder: string): Promise<string> {
  const names = await readdir(runsFolder).catch(() => [] as string[]);
  const found: { root: string; writtenMs: number }[] = [];
  for (const name of names.sort()) {
    const root = path.join(runsFolder, name);
    const writtenMs = await lastWrittenMs(checkpointsOf(root));
    if (writtenMs !== undefined) found.push({ root, writtenMs });
  }
  found.sort((a, b) => b.writtenMs - a.writtenMs);
  if (found.length > 0) return found[0].root;
  throw new UserError({
    code: 'no-run',
    message: `There is no run with a checkpoint in ${path.resolve(runsFolder)}.`,
    advice: 'Name the folder of a run: --resume FOLDER.',
  });
}
