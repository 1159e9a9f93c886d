import { expect } from 'vitest';
import { schedulerVariables } from '../packages/command-line/stopped-exit-code.js';

/** Ends a process of tests when vitest itself was killed: it would go on, with nobody to report to. */
process.once('disconnect', () => process.exit(1));

// Tests expect the exit codes of a machine without a scheduler, also if one runs the tests.
for (const name of schedulerVariables) delete process.env[name];

function bytesOf(value: unknown): Buffer | undefined {
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

/**
 * Finds arrays of one type equal by their bytes. Vitest compares number by number, which takes ten seconds for a million
 * of them. It still compares arrays with other bytes in its own way.
 */
function haveSameBytes(a: unknown, b: unknown): true | undefined {
  const [first, second] = [bytesOf(a), bytesOf(b)];
  if (first === undefined || second === undefined) return undefined;
  const isOneType = Object.getPrototypeOf(a) === Object.getPrototypeOf(b);
  return isOneType && first.equals(second) ? true : undefined;
}

expect.addEqualityTesters([haveSameBytes]);
