import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { createTemporary } from '@lstm-gan/system';

/**
 * Puts a complete folder in the place of another, if there is one. The other folder is first renamed and then removed,
 * which takes long, so that little time passes between `confirm` and the last change.
 */
export async function replaceFolder(complete: string, target: string, confirm: () => void): Promise<void> {
  const old = createTemporary(path.dirname(target));
  try {
    confirm();
    if (existsSync(target)) await rename(target, old.path);
    await rename(complete, target);
  } finally {
    old.remove();
  }
}
