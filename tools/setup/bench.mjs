/** `npm run bench [-- options]`: measures this machine; see tools/bench. */
import path from 'node:path';
import { checkMachine, install, run } from './prepare.mjs';

checkMachine();
install();
process.exit(
  run(process.execPath, [
    '--conditions=source',
    '--import',
    'tsx',
    path.join('tools', 'bench', 'bench.ts'),
    ...process.argv.slice(2),
  ]),
);
