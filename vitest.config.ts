import { defineConfig } from 'vitest/config';

// Tests run the sources: the `source` condition of every package's `exports` spares them a build.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  test: { include: ['src/**/*.test.ts', '*/**/*.test.ts'], exclude: ['**/node_modules/**', '**/dist/**'], testTimeout: 60_000, hookTimeout: 120_000 },
});
