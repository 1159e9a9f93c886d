import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core';
import { listCheckpoints } from '@lstm-gan/run';

/** What to go on from: a run's folder, and one of its checkpoints where it is not to be the newest. */
export interface RunPlace {
  readonly root: string;
  readonly checkpoint?: string;
}

/** Finds what `--resume` names: nothing or `latest`, a run folder, or a checkpoint of one. */
export async function findRun(named: string | true, runsFolder = 'runs'): Promise<RunPlace> {
  if (named === true || named === 'latest') return { root: await newestRun(runsFolder) };
  if (!named.endsWith('.safetensors')) return { root: named };
  const folder = path.dirname(named);
  if (path.basename(path.resolve(folder)) === 'checkpoints')
    return {
      root: path.dirname(folder) === '.' ? path.resolve(folder, '..') : path.dirname(folder),
      checkpoint: named,
    };
  throw new UserError({
    code: 'no-run',
    message: `${named} does not lie in the checkpoints folder of a run.`,
    advice: 'Give the folder of a run, or a checkpoint where the run left it: the run goes on in its folder.',
  });
}

/** The run whose newest checkpoint was written last. */
async function newestRun(runsFolder: string): Promise<string> {
  const names = await readdir(runsFolder).catch(() => [] as string[]);
  const found: { root: string; writtenMs: number }[] = [];
  for (const name of names.sort()) {
    const root = path.join(runsFolder, name);
    const newest = (await listCheckpoints(path.join(root, 'checkpoints'))).at(-1);
    if (newest !== undefined) found.push({ root, writtenMs: (await stat(newest)).mtimeMs });
  }
  found.sort((a, b) => b.writtenMs - a.writtenMs);
  if (found.length > 0) return found[0].root;
  throw new UserError({
    code: 'no-run',
    message: `There is no run with a checkpoint in ${path.resolve(runsFolder)}.`,
    advice: 'Give the folder of a run: --resume FOLDER.',
  });
}
