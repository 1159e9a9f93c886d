import path from 'node:path';
import { defineConfig } from 'vitest/config';

// `npm test` collects the counts of all projects in a folder.
const results = process.env['TEST_RESULTS'];
const project = path.basename(process.cwd());

// Tests run the sources: the `source` condition of every package's `exports` spares them a build.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', '*/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    hookTimeout: 300_000,
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    outputFile: results === undefined ? undefined : { json: path.join(results, `${project}.json`) },
  },
});
