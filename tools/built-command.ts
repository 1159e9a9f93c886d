/** The built command line, as users run it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@lstm-gan/core/errors';

/** Path of the script that runs the command line with node. */
export const command = fileURLToPath(new URL('../apps/cli/bin/lstm-gan.js', import.meta.url));

/** Throws a UserError if the checkout is not built. */
export function requireBuild(): void {
  if (existsSync(path.join(path.dirname(command), '../dist/main.js'))) return;
  throw new UserError({
    code: 'usage',
    message: 'This uses the built command line, which is not built yet.',
    advice: 'Run: npm run build',
  });
}
