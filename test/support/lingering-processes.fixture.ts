/** Tests that leave processes running; processes.test.ts runs them, and looks for what is left. */
import { appendFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startProcess } from './processes.ts';

/** Starts a process that starts another one; both would run for an hour. Writes the IDs of both into a file. */
async function linger(): Promise<void> {
  const file = process.env['PROCESS_NUMBERS'] ?? '';
  const child = startProcess(['bash', '-c', 'sleep 3600 & echo $$ $!; wait'], { buffer: false });
  const [numbers] = (await child.stdout?.take(1).toArray()) as Buffer[];
  appendFileSync(file, numbers);
}

it('passes', linger);

it('fails', async () => {
  await linger();
  expect(1).toBe(2);
});

it('takes too long', { timeout: 1000 }, async () => {
  await linger();
  await new Promise(() => undefined);
});

it.runIf(process.env['HANGS'] === 'yes')('hangs', async () => {
  await linger();
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
});
