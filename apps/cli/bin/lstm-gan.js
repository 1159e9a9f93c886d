#!/usr/bin/env node
// A file of its own, so that npm can link the command before anything is built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write(
    'lstm-gan is not built yet in this checkout.\nRun npm start, which trains on digits too, or npm ci and npm run build.\n',
  );
  process.exitCode = 2;
}
