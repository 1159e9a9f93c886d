/**
 * The program in tools/golden still gives the numbers in test/fixtures/evaluation. It needs a Python that has
 * torch-fidelity, prdc and scipy: the one that EVALUATION_PYTHON names, or python3. Without such a Python this test
 * counts as skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from '../support/command-line.ts';

const python = process.env['EVALUATION_PYTHON'] ?? 'python3';
const hasLibraries = spawnSync(python, ['-c', 'import torch_fidelity, prdc, scipy']).status === 0;
const folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-evaluation-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The numbers of a value, in order, and everything else as it is. */
function flatten(value: unknown): { readonly numbers: number[]; readonly rest: string } {
  const numbers: number[] = [];
  const rest = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'number') return part;
    numbers.push(part);
    return '#';
  });
  return { numbers, rest };
}

it.skipIf(!hasLibraries)('torch-fidelity, prdc and scipy give the stored numbers again', () => {
  const out = path.join(folder, 'values.json');
  const program = path.join(root, 'tools', 'golden', 'evaluation_values.py');
  const { status, stderr } = spawnSync(python, [program, '--out', out], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  const [made, stored] = [out, path.join(root, 'test', 'fixtures', 'evaluation', 'values.json')].map((file) =>
    flatten(JSON.parse(readFileSync(file, 'utf8'))),
  );
  expect(made.rest).toBe(stored.rest);
  const wrong = stored.numbers.filter((value, i) => Math.abs(made.numbers[i] - value) > 1e-4 * Math.abs(value));
  expect(wrong).toEqual([]);
});
