/**
 * `npm test`: everything, from nothing. Installs, provisions TensorFlow, then lint, dead exports, API pages, types, build and tests,
 * in nx's order and with its cache. The last line counts the tests, skipped ones too.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { checkMachine, install, nx, root, run } from './prepare.mjs';

checkMachine();
install();
const results = path.join(root, '.nx', 'test-results');
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const sources = ['--conditions=source', '--import', 'tsx'];
const advice = 'TensorFlow could not be set up; the sentence above says why.';
run(process.execPath, [...sources, path.join('apps', 'cli', 'src', 'main.ts'), 'setup', '--variant', 'cpu'], {
  advice,
});

const failed = [];
const part = (name, status) => {
  if (status !== 0) failed.push(name);
};
part(
  'lint, typecheck, build',
  nx(['run-many', '-t', 'lint', 'typecheck', 'build', '--output-style=static', '--parallel=2']),
);
part(
  'dead exports',
  run(process.execPath, [path.join('node_modules', 'knip', 'bin', 'knip.js'), '--config', '.config/knip.json']),
);
// Every export of a package has its sentence, and every type that one mentions is exported.
part(
  'API pages',
  run(process.execPath, [
    path.join('node_modules', 'typedoc', 'bin', 'typedoc'),
    '--options',
    '.config/typedoc.json',
    '--emit',
    'none',
    '--logLevel',
    'Warn',
  ]),
);
// One project at a time: each uses both cores by itself.
part(
  'tests',
  nx(['run-many', '-t', 'test', '--output-style=static', '--parallel=1'], { env: { TEST_RESULTS: results } }),
);

const counts = readdirSync(results).map((file) => JSON.parse(readFileSync(path.join(results, file), 'utf8')));
const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
const skipped = counts.flatMap(({ testResults }) =>
  testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'skipped' || status === 'pending'),
  ),
);
if (skipped.length > 0)
  process.stderr.write(
    `Skipped, for this machine lacks what they need:\n${skipped.map(({ fullName }) => `  ${fullName}\n`).join('')}`,
  );
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join('; ')}\n`);
process.stdout.write(
  `${sum('numPassedTests')} passed, ${sum('numFailedTests') + failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}\n`,
);
process.exit(failed.length === 0 && sum('numPassedTests') > 0 ? 0 : 1);
