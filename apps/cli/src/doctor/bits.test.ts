import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareBits, comparisonLines, readBits, type Bits } from './bits.ts';

const hash = (digit: string): string => digit.repeat(64);

/** Bits of a unit with the values x, product = MatMul(x, w), sum = Add(product, x) and scaled = Mul(x, c). */
function bitsWith(sha256: Partial<Record<'x' | 'product' | 'sum' | 'scaled', string>>, preset = 'digits'): Bits {
  const value = (name: 'x' | 'product' | 'sum' | 'scaled', operation: string, reads: string[]) => ({
    value: name,
    operation,
    reads,
    sha256: sha256[name] ?? hash('0'),
  });
  const values = [
    value('x', 'Cast', ['images']),
    value('product', 'MatMul', ['x', 'w']),
    value('sum', 'Add', ['product', 'x']),
    value('scaled', 'Mul', ['x', 'c']),
  ];
  return { processor: 'p', node: '20.20.0', threads: 1, environment: {}, preset, units: { real: values } };
}

describe('compareBits', () => {
  it('finds nothing in equal files', () => {
    const comparison = compareBits(bitsWith({}), bitsWith({}));
    expect(comparison).toEqual([{ unit: 'real', valueCount: 4, differing: 0, origins: [] }]);
    expect(comparisonLines(comparison)).toEqual(['equal   real: all 4 values']);
  });

  it('names the operations at which bits begin to differ, not those that follow from them', () => {
    const other = bitsWith({ product: hash('1'), sum: hash('1'), scaled: hash('2') });
    expect(compareBits(bitsWith({}), other)).toEqual([
      { unit: 'real', valueCount: 4, differing: 3, origins: ['product = MatMul(x, w)', 'scaled = Mul(x, c)'] },
    ]);
  });

  it('refuses files of other presets or other operations', () => {
    expect(() => compareBits(bitsWith({}), bitsWith({}, 'rows'))).toThrow('one is of preset digits, the other of rows');
    const fewer = { ...bitsWith({}), units: { real: bitsWith({}).units['real'].slice(1) } };
    expect(() => compareBits(bitsWith({}), fewer)).toThrow('real consists of other operations');
    const more = { ...bitsWith({}), units: { ...bitsWith({}).units, fake: [] } };
    expect(() => compareBits(bitsWith({}), more)).toThrow('one has the units real, the other fake, real');
  });
});

describe('readBits', () => {
  let folder = '';
  beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-bits-'))));
  afterAll(() => rm(folder, { recursive: true }));
  const leave = async (text: string): Promise<string> => {
    const file = path.join(folder, 'bits.json');
    await writeFile(file, text);
    return file;
  };

  it('reads what was written', async () => {
    expect(await readBits(await leave(JSON.stringify(bitsWith({}))))).toEqual(bitsWith({}));
  });

  it.each([
    ['not JSON', 'it is not JSON'],
    ['{}', 'processor: '],
    [JSON.stringify(bitsWith({ x: 'short' })), 'units.real.0.sha256: '],
    [JSON.stringify({ ...bitsWith({}), units: {} }), 'units: has no units'],
    [JSON.stringify({ ...bitsWith({}), processor: '\u001b[2J' }), 'processor: must have no control characters'],
  ])('refuses %s', async (text, reason) => {
    await expect(readBits(await leave(text))).rejects.toThrow(reason);
  });

  it('refuses a file that is not there, and a folder', async () => {
    await expect(readBits(path.join(folder, 'none.json'))).rejects.toThrow('it cannot be read');
    await expect(readBits(folder)).rejects.toThrow('it is not a file');
  });
});
