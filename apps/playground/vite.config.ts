import { defaultClientConditions, defineConfig } from 'vite';
import { digits } from './digits-plugin.ts';

// Splits what every visitor loads into one file each for zod, core and tfjs-core. If one of them changes, the browser's
// cache keeps the others. docs/browser.md states their sizes. Each backend has its own file, because it is imported
// dynamically.
const parts = [
  { name: 'zod', priority: 3, test: /node_modules\/zod\// },
  { name: 'core', priority: 1, test: /packages\/core\// },
  { name: 'tfjs-core', priority: 2, test: /node_modules\/(@tensorflow\/tfjs-core|seedrandom|long)\// },
];

export default defineConfig({
  // The addresses in the built files are relative, so a web server may have the built folder at any address.
  base: './',
  // If a file is missing, Vite's server answers with an error. With Vite's default (`spa`), the server would send
  // index.html instead.
  appType: 'mpa',
  resolve: { conditions: ['source', ...defaultClientConditions] },
  // The training runs in a worker, which is a bundle of its own: a visitor who only draws does not load it.
  worker: { format: 'es', plugins: () => [digits()] },
  build: { target: 'es2022', manifest: true, rolldownOptions: { output: { codeSplitting: { groups: parts } } } },
});
