/** Reads files that are made here, instruction by instruction, as PyTorch's pickles have them. */
import { expect, it } from 'vitest';
import { readTorchFile } from './read-torch-file.ts';

const text = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...Buffer.from(value)];
const name = (module: string, what: string): number[] => [0x63, ...Buffer.from(`${module}\n${what}\n`)];
const tuple = (...items: number[][]): number[] => [0x28, ...items.flat(), 0x74];
const small = (value: number): number[] => [0x4b, value];
const lengths = (...values: number[]): number[] => tuple(...values.map(small));
const pickle = (...instructions: number[][]): number[] => [0x80, 2, ...instructions.flat(), 0x2e];

/** A storage, and a tensor that is a view of it. */
const storage = (key: string, count: number, type = 'FloatStorage'): number[] => [
  ...tuple(text('storage'), name('torch', type), text(key), text('cpu'), small(count), [0x4e]),
  0x51,
];
const emptyDictionary = [...name('collections', 'OrderedDict'), 0x29, 0x52];
const tensor = (from: number[], offset: number, shape: number[], strides: number[]): number[] => [
  ...name('torch._utils', '_rebuild_tensor_v2'),
  ...tuple(from, small(offset), lengths(...shape), lengths(...strides), [0x89], emptyDictionary),
  0x52,
];
const numbers = (...values: number[]): number[] => [
  ...[values.length, 0, 0, 0, 0, 0, 0, 0],
  ...new Uint8Array(Float32Array.from(values).buffer),
];

const magic = pickle([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
const version = pickle([0x4d, 0xe9, 0x03]);
const machine = pickle([0x7d, 0x71, 0, 0x28], text('little_endian'), [0x88, 0x75]);

function makeFile(tensors: Record<string, number[]>, keys: string[], ...storages: number[][]): Uint8Array {
  const items = Object.entries(tensors).flatMap(([key, value]) => [...text(key), ...value]);
  const list = [0x5d, 0x71, 0, 0x28, ...keys.flatMap(text), 0x65];
  const parts = [magic, version, machine, pickle(emptyDictionary, [0x28], items, [0x75]), pickle(list), ...storages];
  return Uint8Array.from(parts.flat());
}

it('reads tensors by their shapes, strides and offsets, and passes over integers', () => {
  const count = [5, 0, 0, 0, 0, 0, 0, 0];
  const file = makeFile(
    {
      rows: tensor(storage('7', 6), 0, [2, 3], [3, 1]),
      columns: tensor(storage('7', 6), 0, [3, 2], [1, 3]),
      last: tensor(storage('7', 6), 4, [2], [1]),
      steps: tensor(storage('8', 1, 'LongStorage'), 0, [], []),
    },
    ['7', '8'],
    numbers(1, 2, 3, 4, 5, 6),
    [1, 0, 0, 0, 0, 0, 0, 0, ...count],
  );
  expect(Object.fromEntries(readTorchFile(file))).toEqual({
    rows: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    columns: { shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) },
    last: { shape: [2], data: Float32Array.of(5, 6) },
  });
});

const one = (value: number[]): Uint8Array => makeFile({ a: value }, ['7'], numbers(1, 2));
const good = tensor(storage('7', 2), 0, [2], [1]);

it.each<[string, Uint8Array, RegExp]>([
  ['another file', Uint8Array.from([0x50, 0x4b, 3, 4]), /PyTorch's tensors: /],
  ['a file that ends early', one(good).slice(0, -1), /it ends too early/],
  ['a file with more behind it', Uint8Array.from([...one(good), 0]), /longer than its tensors/],
  ['a call of a program', one([...name('os', 'system'), ...tuple(text('true')), 0x52]), /"os system"/],
  ['a name of every object', one([...name('constructor', 'prototype')]), /"constructor prototype"/],
  ['an instruction that no tensor needs', one([0x81]), /instruction 0x81/],
  ['a tensor beyond its storage', one(tensor(storage('7', 2), 1, [2], [1])), /a has no numbers/],
  ['strides that lead beyond the storage', one(tensor(storage('7', 2), 0, [2], [2])), /a has no numbers/],
  ['more numbers than the storage has', one(tensor(storage('7', 2), 0, [200, 200], [0, 0])), /a has no numbers/],
  ['a storage of another length', one(tensor(storage('7', 3), 0, [2], [1])), /storage 7 has another length/],
  ['something that is no tensor', one(small(3)), /a is no tensor/],
  ['a value that was not made', one([0x68, 9]), /has not made/],
  ['too few values', one([0x52]), /has not made/],
])('refuses %s', (_name, file, sentence) => {
  expect(() => readTorchFile(file)).toThrow(expect.objectContaining({ code: 'not-torch-file' }) as Error);
  expect(() => readTorchFile(file)).toThrow(sentence);
});
