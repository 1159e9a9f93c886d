import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { identifyThisProcess } from '../process-identity.ts';
import { createTemporaryFolder, removeLeftovers } from './temporaries.ts';
import { isTemporaryName, longestTemporaryName, temporaryName } from './temporary-name.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-temporaries-'));
});

/** Starts a process that makes a temporary file and a temporary folder, and then does what `rest` says. */
function making(rest: string, place: readonly string[] = []) {
  const script = `
    import { writeFileSync } from 'node:fs';
    import { createTemporary, createTemporaryFolder } from '@lstm-gan/system';
    const folder = ${JSON.stringify(folder)};
    writeFileSync(createTemporary(folder).path, 'half');
    writeFileSync(createTemporaryFolder(folder).path + '/in', 'half');
    ${rest}`;
  const [program, ...parameters] = [
    ...[...place, process.execPath, '--conditions=source', '--import', 'tsx', '--input-type=module', '--eval'],
    script,
  ];
  return spawn(program, parameters, { stdio: ['pipe', 'pipe', 'ignore'] });
}

const alive = `process.stdout.write('made'); process.stdin.resume();`;

it.each([
  ['at its end', ''],
  ['by process.exit', 'process.exit(3);'],
  ['by an error', 'throw new Error();'],
])('a process removes its temporary files when it ends %s', async (_, rest) => {
  const child = making(rest);
  await once(child, 'exit');
  expect(await readdir(folder)).toEqual([]);
});

it('leaves those of a living process, and removes those of a killed one', async () => {
  const child = making(alive);
  await once(child.stdout, 'data');
  removeLeftovers(folder);
  expect(await readdir(folder)).toHaveLength(2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await writeFile(path.join(folder, 'lstm-gan-photos.partial'), 'of a user');
  createTemporaryFolder(folder).remove();
  expect(await readdir(folder)).toEqual(['lstm-gan-photos.partial']);
});

const otherNamespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const mayUnshare = spawnSync(otherNamespace[0], [...otherNamespace.slice(1), 'true']).status === 0;

it.runIf(mayUnshare)('removes those of a process that it cannot ask after when they are a day old', async () => {
  const child = making(alive, otherNamespace);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  removeLeftovers(folder);
  const names = await readdir(folder);
  expect(names).toHaveLength(2);
  const dayAgo = Date.now() / 1000 - 24 * 3600 - 60;
  for (const name of names) await utimes(path.join(folder, name), dayAgo, dayAgo);
  removeLeftovers(folder);
  expect(await readdir(folder)).toEqual([]);
});

it('gives names that are no longer than promised, so that a socket has room in the folder', () => {
  // The largest process ID of Linux, and a start after 20 years of 100 ticks a second.
  const maker = { ...identifyThisProcess(), pid: 2 ** 22, started: String(100 * 20 * 365 * 24 * 3600) };
  const name = temporaryName(maker);
  expect(isTemporaryName(name)).toBe(true);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(longestTemporaryName);
});
