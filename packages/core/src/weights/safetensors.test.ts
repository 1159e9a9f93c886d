import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UserError } from '../errors/user-error.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts';

const join = (parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sample: NamedTensor[] = [
  { name: 'u', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
  { name: 'a/kernel', dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 1e-30) },
  { name: 'i', dtype: 'I32', shape: [], data: Int32Array.of(-7) },
];
const file = join(encodeSafetensors(sample, new Map([['step', '12']])));

it('reads back what it wrote, including unaligned tensors', () => {
  const { metadata, tensors } = decodeSafetensors(file);
  expect(metadata.get('step')).toBe('12');
  expect([...tensors.values()]).toEqual(sample);
});

it('begins the data at a multiple of 64 bytes', () => {
  expect((8 + Number(new DataView(file.buffer).getBigUint64(0, true))) % 64).toBe(0);
});

it('throws no error but a UserError for damaged bytes', () => {
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), (place, value, length) => {
      const broken = file.slice(0, length);
      if (place < length) broken[place] = value;
      try {
        decodeSafetensors(broken);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
    { numRuns: 2000 },
  );
});

it.each([
  ['{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 'claims bytes 0 to 4'],
  ['{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}', 'claims bytes 8 to 12'],
  ['{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}', 'has type "F64"'],
  ['{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 'no proper shape'],
  ['[]', 'no JSON object'],
  ['{}', 'its tensors take 0 bytes'],
])('refuses the header %s', (header, sentence) => {
  const bytes = new Uint8Array(8 + header.length + 4);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  expect(() => decodeSafetensors(bytes)).toThrow(sentence);
});
