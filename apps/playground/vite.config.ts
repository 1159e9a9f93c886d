import { defaultClientConditions, defineConfig } from 'vite';

// What every visit loads, by origin: a browser keeps the rest when one changes, and docs/browser.md states their sizes.
// The backends are files of their own because they are imported when they are wanted.
const parts = [
  { name: 'zod', priority: 3, test: /node_modules\/zod\// },
  { name: 'core', priority: 1, test: /packages\/core\// },
  { name: 'tfjs-core', priority: 2, test: /node_modules\/(@tensorflow\/tfjs-core|seedrandom|long)\// },
];

export default defineConfig({
  // Relative addresses: the built folder works wherever it is put.
  base: './',
  // Not a single-page application: a file that is not there is an error, not the page again.
  appType: 'mpa',
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: { target: 'es2022', manifest: true, rolldownOptions: { output: { codeSplitting: { groups: parts } } } },
});
