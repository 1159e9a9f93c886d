/** `npm run fuzz [-- options]`: hostile messages, by the million; see tools/fuzz. */
import path from 'node:path';
import { checkMachine, install, run } from './prepare.mjs';

checkMachine();
install();
process.exit(
  run(process.execPath, [
    '--conditions=source',
    '--import',
    'tsx',
    path.join('tools', 'fuzz', 'fuzz.ts'),
    ...process.argv.slice(2),
  ]),
);
