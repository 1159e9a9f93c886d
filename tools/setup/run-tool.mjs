/** `npm run bench`, `npm run chaos`, `npm run fuzz` and `npm run quality`: runs tools/NAME/NAME.ts with the options that follow `--`. */
import { checkMachine, install, run } from './prepare.mjs';

const [name, ...options] = process.argv.slice(2);
checkMachine();
await install();
const sources = ['--conditions=source', '--import', 'tsx'];
process.exit(await run(process.execPath, [...sources, `tools/${name}/${name}.ts`, ...options]));
