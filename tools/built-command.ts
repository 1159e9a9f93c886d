/** The built command line, as a user runs it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@lstm-gan/core';

/** What node is given. */
export const command = fileURLToPath(new URL('../apps/cli/bin/lstm-gan.js', import.meta.url));

/** Refuses a checkout that is not built. */
export function requireBuild(): void {
  if (existsSync(path.join(path.dirname(command), '../dist/main.js'))) return;
  throw new UserError({
    code: 'usage',
    message: 'The built command line is used, and it is not built.',
    advice: 'Run: npm run build',
  });
}
