/** What the processor can do, from Linux's list of its features. */
import { existsSync, readFileSync } from 'node:fs';

const file = '/proc/cpuinfo';

/** Empty on a system without this list; training does not run there. */
const readCpuInfo = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

function hasFeature(feature: RegExp, cpuinfo: string): boolean {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(cpuinfo) ?? [];
  return feature.test(flags);
}

/**
 * Whether TensorFlow multiplies bfloat16 numbers on this processor and adds the products in float32. TensorFlow's
 * kernels (oneDNN) do so on processors with AVX-512 or AVX-NE-CONVERT. On others they round partial sums to bfloat16.
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function supportsBfloat16(cpuinfo = readCpuInfo()): boolean {
  return hasFeature(/\b(avx512f|avx_ne_convert)\b/, cpuinfo);
}

/**
 * Whether our operations use AVX2 and fused multiply-add here. Without them they give other bits (docs/bits.md).
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function usesFusedMultiplyAdd(cpuinfo = readCpuInfo(), vectors = process.env['LSTM_GAN_VECTORS']): boolean {
  return hasFeature(/\bavx2\b/, cpuinfo) && hasFeature(/\bfma\b/, cpuinfo) && vectors !== 'none';
}
