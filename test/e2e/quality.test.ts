/** `npm run quality` on its smallest plan: it trains, evaluates, goes on where it stopped, and prints a table. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-quality-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function quality(...parameters: string[]) {
  const command = ['--conditions=source', '--import', 'tsx', 'tools/quality/quality.ts', ...parameters];
  const { exitCode, stdout, stderr } = await startProcess([process.execPath, ...command], { cwd: root });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

it('evaluates a training of each seed after each number of images, and does nothing twice', async () => {
  const plan = ['try', '--samples', '20', '--workers', '1', '--out', folder];
  const first = await quality(...plan);
  expect(first.exitCode).toBe(0);
  const rows = first.stdout
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(rows.map((row) => row.split('|')[1].trim())).toEqual(['images', '---', '160', '320']);
  expect(rows[0]).toContain('fd20_digits');
  const results = await readFile(path.join(folder, 'try', 'results.jsonl'), 'utf8');
  const again = await quality(...plan);
  expect(again.stdout).toBe(first.stdout);
  expect(again.stderr).not.toContain('lstm-gan train');
  expect(await readFile(path.join(folder, 'try', 'results.jsonl'), 'utf8')).toBe(results);
});

it('refuses a plan that there is not, and names those that there are', async () => {
  const { exitCode, stderr } = await quality('beauty');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Name one plan; got beauty.');
  expect(stderr).toContain('what npm start trains');
});
