/**
 * Logarithm and power of 2, computed with only + - * /. The results of `Math.log` and `Math.pow` may differ in the last
 * bit between Node versions and browsers; the results of + - * / do not. Weights depend on the functions of this file,
 * and must have the same bits everywhere.
 */
const ln2 = 0.6931471805599453;
const scratch = new DataView(new ArrayBuffer(8));

/** Natural logarithm of a positive, finite, normal number; relative error about 1e-16. */
export function ln(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  scratch.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = scratch.getFloat64(0); // in [1, 2)
  if (mantissa > 1.4142135623730951) {
    mantissa /= 2;
    exponent += 1;
  }
  // With m for the mantissa: ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| <= 0.1716.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let k = 23; k >= 3; k -= 2) sum = (sum + 1 / k) * square;
  return exponent * ln2 + 2 * s * (1 + sum);
}

/** 2 to the power x, for x in [-1000, 0]; relative error about 1e-15. */
export function exp2(x: number): number {
  const whole = Math.round(x);
  const y = (x - whole) * ln2; // |y| <= 0.3466
  let sum = 1;
  for (let k = 17; k >= 1; k--) sum = 1 + (sum * y) / k;
  for (let k = whole; k < 0; k++) sum /= 2;
  return sum;
}
