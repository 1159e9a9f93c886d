/**
 * `npm test`: checks everything, also in a checkout where nothing is installed yet. Installs dependencies, sets
 * TensorFlow up, checks format, lint, types, build, dead exports and API pages, and runs all tests. At the end, prints
 * how long each part took; some parts run at the same time. The last line counts passed, failed and skipped tests.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { checkMachine, install, nx, root, run } from './prepare.mjs';

const results = path.join(root, '.nx', 'test-results');
const sources = ['--conditions=source', '--import', 'tsx'];
/** Runs the program of an installed package. */
const tool = (file, ...parameters) => run(process.execPath, [path.join('node_modules', file), ...parameters]);

const seconds = [];
const failed = [];
/** Does a part of the work. Notes how long the part took, and whether it failed (its status is not 0). */
async function part(name, work) {
  const startMs = performance.now();
  if ((await work()) !== 0) failed.push(name);
  seconds.push([name, (performance.now() - startMs) / 1000]);
}

/** Sets TensorFlow up. Ends the process on a failure, because nothing can be tested without TensorFlow. */
function setUpTensorFlow() {
  const advice = 'TensorFlow could not be set up; the sentence above says why.';
  return run(process.execPath, [...sources, 'apps/cli/src/main.ts', 'setup', '--variant', 'cpu'], { advice });
}

async function runTests() {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const options = { env: { TEST_RESULTS: results } };
  const parameters = ['run-many', '-t', 'test', '--output-style=static', '--parallel=1'];
  // The tests of the whole program (@lstm-gan/test) take longest and mostly wait for processes to start. So the tests
  // of the packages run at the same time, in a second call of nx. Within a call, projects run one after the other.
  const statuses = await Promise.all([
    nx([...parameters, '--projects=@lstm-gan/test'], options),
    nx([...parameters, '--exclude=@lstm-gan/test'], options),
  ]);
  return Math.max(...statuses);
}

checkMachine();
await part('install', install);
await Promise.all([
  part('TensorFlow', setUpTensorFlow),
  part('format', () => tool('prettier/bin/prettier.cjs', '--check', '.', '--log-level', 'warn')),
]);
await part('lint, types, build', () =>
  nx(['run-many', '-t', 'lint', 'typecheck', 'build', '--output-style=static', '--parallel=2']),
);
await Promise.all([
  part('dead exports', () => tool('knip/bin/knip.js', '--config', '.config/knip.json')),
  // Checks that every export of a package has a comment, and that every type that an export mentions is exported.
  part('API pages', () =>
    tool('typedoc/bin/typedoc', '--options', '.config/typedoc.json', '--emit', 'none', '--logLevel', 'Warn'),
  ),
]);
await part('tests', runTests);

const projects = readdirSync(results).map((file) => JSON.parse(readFileSync(path.join(results, file), 'utf8')));
const files = projects.flatMap(({ testResults }) => testResults);
const tests = files.flatMap(({ assertionResults }) => assertionResults);
const skipped = tests.filter(({ status }) => status === 'skipped' || status === 'pending');
const sum = (key) => projects.reduce((total, project) => total + project[key], 0);
const table = (rows) => rows.map(([name, time]) => `${time.toFixed(1).padStart(9)} s  ${name}\n`).join('');

const slowest = files
  .map(({ name, startTime, endTime }) => [path.relative(root, name), (endTime - startTime) / 1000])
  .sort(([, a], [, b]) => b - a)
  .slice(0, 15);
process.stdout.write(`\nThe slowest files of tests:\n${table(slowest)}\nThe parts:\n${table(seconds)}\n`);
if (skipped.length > 0) {
  const names = skipped.map(({ fullName }) => `  ${fullName}\n`).join('');
  process.stderr.write(`Skipped, because this machine lacks what they need:\n${names}`);
}
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join('; ')}\n`);
const counts = [`${sum('numPassedTests')} passed`, `${sum('numFailedTests') + failed.length} failed`];
if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
process.stdout.write(`${counts.join(', ')}\n`);
process.exit(failed.length === 0 && sum('numPassedTests') > 0 ? 0 : 1);
