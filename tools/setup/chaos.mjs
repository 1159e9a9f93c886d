/** `npm run chaos [-- options]`: trains while workers and coordinator are killed; see tools/chaos. */
import path from 'node:path';
import { checkMachine, install, run } from './prepare.mjs';

checkMachine();
install();
process.exit(
  run(process.execPath, [
    '--conditions=source',
    '--import',
    'tsx',
    path.join('tools', 'chaos', 'chaos.ts'),
    ...process.argv.slice(2),
  ]),
);
