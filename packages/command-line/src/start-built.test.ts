/** Signals while a program loads: before its own code runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';

/** Starts a program whose modules take for ever to load. Resolves when they load. */
async function startLoading(name: string, parameters: string[], env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-loading-'));
  const [bin, main] = ['bin.mjs', 'main.mjs'].map((file) => path.join(folder, file));
  const startBuilt = new URL('../start-built.js', import.meta.url).href;
  writeFileSync(
    bin,
    `import { startBuilt } from '${startBuilt}'; await startBuilt('${name}', new URL('main.mjs', import.meta.url));`,
  );
  writeFileSync(main, `setInterval(() => process.stdout.write('loading'), 20); await new Promise(() => undefined);`);
  const child = spawn(process.execPath, [bin, ...parameters], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
  await once(child.stdout, 'data');
  return child;
}

it.each([
  ['lstm-gan', ['train'], 130],
  ['lstm-gan-coordinator', [], 130],
  ['lstm-gan', ['worker'], 0],
  ['lstm-gan-worker', [], 0],
])('%s %j ends at SIGTERM with the exit code that it has later', async (name, parameters, code) => {
  const child = await startLoading(name, parameters);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([code, null]);
});

it.each([
  ['lstm-gan', ['worker'], 75],
  ['lstm-gan-worker', ['--stopped-exit-code', '9'], 9],
  ['lstm-gan-worker', ['--stopped-exit-code=0'], 0],
  ['lstm-gan', ['train', '--stopped-exit-code', '9'], 130],
])('%s %j under a scheduler ends with %i', async (name, parameters, code) => {
  const child = await startLoading(name, parameters, { SLURM_JOB_ID: '7' });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([code, null]);
});

it.each(['SIGUSR1', 'SIGUSR2'] as const)('%s ends a program as SIGTERM does', async (signal) => {
  const child = await startLoading('lstm-gan', ['train']);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([130, null]);
});

it('goes on at SIGHUP without a terminal, for example under nohup', async () => {
  const child = await startLoading('lstm-gan', ['train']);
  child.kill('SIGHUP');
  // Three times it prints again.
  for (let k = 0; k < 3; k++) await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([130, null]);
});
