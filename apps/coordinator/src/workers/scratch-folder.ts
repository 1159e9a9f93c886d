import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { createTemporaryFolder, longestTemporaryName, reasonOf, type Temporary } from '@lstm-gan/system';

/** The path of a socket file has at most this number of bytes (unix(7): 108 with the zero at its end). */
const mostSocketBytes = 107;

/** The folders for temporary files: the user's own choice first, then those that nearly every system has. */
function scratchParents(environment: NodeJS.ProcessEnv): string[] {
  const { XDG_RUNTIME_DIR } = environment;
  return [...new Set([tmpdir(), ...(XDG_RUNTIME_DIR ? [XDG_RUNTIME_DIR] : []), '/tmp', '/dev/shm'])];
}

/**
 * Makes a folder for temporary files that only this user may enter, in the first of `parents` where that is possible.
 * Throws a UserError if it is possible in none.
 * @param socket the longest name of a socket file that will be in the folder: the path of a socket is limited
 */
export function createScratchFolder({
  socket,
  parents = scratchParents(process.env),
}: { socket?: string; parents?: readonly string[] } = {}): Temporary {
  const refusals: string[] = [];
  for (const parent of parents) {
    const longest = path.join(path.resolve(parent), 'x'.repeat(longestTemporaryName), socket ?? '');
    if (socket !== undefined && Buffer.byteLength(longest) > mostSocketBytes) {
      refusals.push(`${parent} (its path is too long for a socket)`);
      continue;
    }
    try {
      return createTemporaryFolder(parent);
    } catch (error) {
      refusals.push(`${parent} (${reasonOf(error, 'writing')})`);
    }
  }
  throw new UserError({
    code: 'no-scratch-folder',
    message: `No folder for temporary files can be made in ${refusals.join(', ')}.`,
    advice: 'Set TMPDIR to a folder that you may write to and whose path is short.',
  });
}
