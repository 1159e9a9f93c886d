/**
 * The program in tools/golden still gives the golden values in test/fixtures. It needs a Python that has PyTorch: the
 * one that TORCH_PYTHON names, or python3. Without such a Python these tests count as skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeSafetensors, type NamedTensor } from '@lstm-gan/core';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../support/command-line.ts';

const python = process.env['TORCH_PYTHON'] ?? 'python3';
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0;
const fixtures = path.join(root, 'test', 'fixtures', 'golden');
const program = path.join(root, 'tools', 'golden', 'golden_values.py');
const folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-golden-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Allows two units in a float32's last place, and the float64 rounding noise in gradients that are exactly 0. */
const isSame = (actual: number, golden: number): boolean =>
  Math.abs(actual - golden) <= 2 ** -22 * Math.abs(golden) + 1e-12;

function runProgram(...parameters: string[]): ReadonlyMap<string, NamedTensor> {
  const out = path.join(folder, 'made.safetensors');
  const { status, stderr } = spawnSync(python, [program, ...parameters, '--out', out], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return decodeSafetensors(readFileSync(out)).tensors;
}

describe.skipIf(!hasTorch)('tools/golden with PyTorch', () => {
  it.each(readdirSync(fixtures))('computes the golden values of %s again', (name) => {
    const file = path.join(fixtures, name);
    const golden = decodeSafetensors(readFileSync(file)).tensors;
    const made = runProgram('--like', file);
    expect([...made.keys()].sort()).toEqual([...golden.keys()].sort());
    for (const { name: tensor, shape, data } of golden.values()) {
      const values = made.get(tensor) as NamedTensor;
      expect(values.shape, tensor).toEqual(shape);
      const wrong = [...data.keys()].filter((i) => !isSame(values.data[i], data[i]));
      expect(wrong, `${tensor}: places whose values differ`).toEqual([]);
    }
  });

  it.each([
    ['article', { hidden: [8], base: [4, 4, 1], lstm: 8 }],
    ['article without an LSTM', { hidden: [], base: [4, 4, 1], lstm: 0 }],
    ['rows', { hidden: [], base: [4, 4, 1], lstm: 8, rows: true }],
  ])('makes a file for another model: %s', (_name, generator) => {
    const sizes = { latent: 3, image: 16, channels: 1, dense: 16, steps: 2, step: 8, filters: [2], d: [2], batch: 2 };
    const config = JSON.stringify({ ...sizes, ...generator });
    const tensors = runProgram('--config', config, '--seed', '5');
    expect(tensors.get('inference/images')?.shape).toEqual([2, 16, 16, 1]);
    for (const { name, data } of tensors.values()) expect(data.every(Number.isFinite), name).toBe(true);
  });
});
