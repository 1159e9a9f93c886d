import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// `npm test` collects the counts and times of all projects in a folder.
const results = process.env['TEST_RESULTS'];
const project = path.basename(process.cwd());

/**
 * Two files at a time: the tests of the whole program mostly wait for processes to start. By default, vitest would run
 * one file at a time on two cores.
 */
const filesAtOnce = project === 'test' ? { maxWorkers: 2 } : {};

/** Only ends a hang: a test of minutes must also pass on one slow core that other programs use too. */
const hangMs = 20 * 60_000;

// Tests run the sources: the `source` condition of every package's `exports` spares them a build.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  test: {
    ...filesAtOnce,
    include: ['src/**/*.test.ts', '*/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    setupFiles: [fileURLToPath(new URL('vitest.setup.ts', import.meta.url))],
    testTimeout: hangMs,
    hookTimeout: hangMs,
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    outputFile: results === undefined ? undefined : { json: path.join(results, `${project}.json`) },
  },
});
