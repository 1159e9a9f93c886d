import { readFileSync } from 'node:fs';

/** Whether TensorFlow has kernels (oneDNN's) on this processor that multiply bfloat16 numbers and add up in float32. */
export function multipliesInBfloat16(): boolean {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
  return /\b(avx512f|avx_ne_convert)\b/.test(flags);
}
