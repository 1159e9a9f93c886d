import { defaultClientConditions, defineConfig } from 'vite';

// Splits what every visitor loads into one file per origin. If one of them changes, the browser's cache keeps the
// others. docs/browser.md states their sizes. Each backend has its own file, because it is imported dynamically.
const parts = [
  { name: 'zod', priority: 3, test: /node_modules\/zod\// },
  { name: 'core', priority: 1, test: /packages\/core\// },
  { name: 'tfjs-core', priority: 2, test: /node_modules\/(@tensorflow\/tfjs-core|seedrandom|long)\// },
];

export default defineConfig({
  // Relative addresses: the built folder works at any address.
  base: './',
  // Not a single-page application: the answer to the address of a missing file is an error, not the page.
  appType: 'mpa',
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: { target: 'es2022', manifest: true, rolldownOptions: { output: { codeSplitting: { groups: parts } } } },
});
