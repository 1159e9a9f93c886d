import { createHash } from 'node:crypto';
import { createPhaseUnits, presets, type Unit } from '@lstm-gan/core';
import { beforeAll, expect, it } from 'vitest';
import { outputName } from './graph/prepare/output-names.ts';
import { hashValues } from './hash-values.ts';
import { openEngine } from './open-engine.ts';
import { probeInputs } from './probe-unit.ts';
import type { Provisioned } from './tensorflow/provision/provision.ts';
import { provisionedCache, provisionedTensorFlow } from './testing/provisioned-tensorflow.ts';

const { model } = presets.get('digits')!;
const unit = createPhaseUnits(model, 4).discriminatorReal as Unit;

let provisioned: Provisioned;
beforeAll(async () => void (provisioned = await provisionedTensorFlow()));

it('hashes the same values in the same way each time, and what they read comes before', async () => {
  const hashes = await hashValues(unit, provisioned, 1);
  expect(await hashValues(unit, provisioned, 1)).toEqual(hashes);
  const names = hashes.map(({ value }) => value);
  expect(new Set(names).size).toBe(names.length);
  for (const [index, { reads }] of hashes.entries())
    for (const name of reads) if (names.includes(name)) expect(names.indexOf(name)).toBeLessThan(index);
});

it('hashes the outputs that the engine gives', async () => {
  const engine = await openEngine('graph', { cacheDir: await provisionedCache(), threads: 1, device: 'cpu' });
  const outputs = await (await engine.compile(unit)).run(probeInputs(unit.inputs)).finally(() => engine.close());
  const hashes = new Map((await hashValues(unit, provisioned, 1)).map(({ value, sha256 }) => [value, sha256]));
  for (const [name, output] of Object.entries(outputs)) {
    const bytes = new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
    expect(hashes.get(outputName(name)), name).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});
