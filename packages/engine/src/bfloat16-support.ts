import { readFileSync } from 'node:fs';

/**
 * Whether TensorFlow multiplies bfloat16 numbers on this processor and adds the products in float32. TensorFlow's
 * kernels (oneDNN) do so on processors with AVX-512 or AVX-NE-CONVERT. On others they round partial sums to bfloat16.
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function supportsBfloat16(cpuinfo = readFileSync('/proc/cpuinfo', 'utf8')): boolean {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(cpuinfo) ?? [];
  return /\b(avx512f|avx_ne_convert)\b/.test(flags);
}
