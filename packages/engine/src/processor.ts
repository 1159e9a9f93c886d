import { readFileSync } from 'node:fs';

/** Whether TensorFlow has kernels (oneDNN's) on a processor that multiply bfloat16 numbers and add up in float32. @param cpuinfo what Linux tells of it */
export function multipliesInBfloat16(cpuinfo = readFileSync('/proc/cpuinfo', 'utf8')): boolean {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(cpuinfo) ?? [];
  return /\b(avx512f|avx_ne_convert)\b/.test(flags);
}
