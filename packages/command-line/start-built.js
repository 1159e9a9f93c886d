/** Plain JavaScript, so that npm can link the programs before anything is built. */
import { existsSync } from 'node:fs';

/**
 * Starts a program, or says how to build the checkout if it is not built yet.
 * @param {string} name
 * @param {URL} main
 */
export async function startBuilt(name, main) {
  if (existsSync(main)) {
    await import(main.href);
    return;
  }
  process.stderr.write(
    `${name} is not built yet in this checkout.\nRun npm start, which also trains on digits, or npm ci and npm run build.\n`,
  );
  process.exitCode = 2;
}
