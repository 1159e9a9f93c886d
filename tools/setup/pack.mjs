/** `npm run pack`: builds the packages, and makes dist/lstm-gan-VERSION.tgz, which npm installs on any machine. */
import path from 'node:path';
import { makePackage } from './make-package.mjs';
import { checkMachine, install, nx, root } from './prepare.mjs';

checkMachine();
await install();
await nx(['run-many', '-t', 'build', '--output-style=static', '--parallel=2'], {
  advice: 'The build should not fail; please report what it printed.',
});
const file = path.relative(root, await makePackage(path.join(root, 'dist')));
process.stdout.write(`To install it:\n  npm install --global --prefix FOLDER ${file}\n`);
