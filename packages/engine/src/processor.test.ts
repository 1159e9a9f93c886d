import { expect, it } from 'vitest';
import { usesFusedMultiplyAdd, supportsBfloat16 } from './processor.ts';

const cpuinfo = (flags: string): string => `model name\t: some\nflags\t\t: fpu ${flags} sse2\nbugs\t\t: fma\n`;

it('knows which processors multiply bfloat16 numbers as they should', () => {
  expect(supportsBfloat16(cpuinfo('fma avx2'))).toBe(false);
  expect(supportsBfloat16(cpuinfo('avx2 avx512f avx512bw'))).toBe(true);
});

it('knows which processors multiply and add in one operation', () => {
  expect(usesFusedMultiplyAdd(cpuinfo('fma avx avx2'), undefined)).toBe(true);
  expect(usesFusedMultiplyAdd(cpuinfo('fma avx2 avx512f'), 'avx2')).toBe(true);
  expect(usesFusedMultiplyAdd(cpuinfo('avx avx2'), undefined)).toBe(false);
  expect(usesFusedMultiplyAdd(cpuinfo('fma avx'), undefined)).toBe(false);
  expect(usesFusedMultiplyAdd(cpuinfo('fma avx2'), 'none')).toBe(false);
});
