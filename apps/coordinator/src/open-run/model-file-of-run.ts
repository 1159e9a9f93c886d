import path from 'node:path';
import { loadModelFile, type ModelFile } from '@lstm-gan/command-line/model-file';
import { UserError } from '@lstm-gan/core/errors';
import { readIfPresent } from '@lstm-gan/run';
import { readRunStatus } from './run-status.ts';

/**
 * Registers the networks of the file that a run was trained with, and returns the file. Undefined if no file is named,
 * and the run remembers none. Throws a UserError, and does not run the file, if its hash is not the run's.
 * @param root the run's folder; undefined for a checkpoint that is in none
 * @param named the path that the command names; by default, the path that the run remembers
 */
export async function loadModelFileOfRun(
  root: string | undefined,
  named: string | undefined,
): Promise<ModelFile | undefined> {
  const remembered = root === undefined ? undefined : (await readRunStatus(root))?.modelFile;
  const file = named ?? remembered;
  if (file === undefined) return undefined;
  const expected = root === undefined ? undefined : await sourceOfRun(root);
  const check = (sha256: string): void => {
    if (expected !== undefined && sha256 !== expected) throw changedFile(root as string, file, expected, sha256);
  };
  try {
    return await loadModelFile(file, check);
  } catch (error) {
    if (named !== undefined || !(error instanceof UserError) || error.code !== 'model-file') throw error;
    const { code, message } = error;
    const advice = 'The run remembers this path. If the file is elsewhere now, name it with --model FILE.';
    throw new UserError({ code, message, advice, cause: error });
  }
}

/** The hash in a run's configuration. Undefined if there is none, or if the configuration cannot be read. */
async function sourceOfRun(root: string): Promise<string | undefined> {
  const text = await readIfPresent(path.join(root, 'config.json'));
  try {
    const { model } = JSON.parse(text ?? '') as { model?: { source?: unknown } };
    return typeof model?.source === 'string' ? model.source : undefined;
  } catch {
    return undefined;
  }
}

function changedFile(root: string, file: string, expected: string, sha256: string): UserError {
  return new UserError({
    code: 'model-changed',
    message: `The networks of ${root} are defined by a file with SHA-256 ${expected}; ${file} has ${sha256}.`,
    advice: 'Restore the file as it was, or name a copy of it with --model. A changed file needs a new run (--out).',
  });
}
