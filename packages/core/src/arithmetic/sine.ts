/**
 * The sine and cosine of `turns` times 2 pi, for turns in [0, 1); absolute error about 1e-15. Computed with only + - *
 * /, because the results of `Math.sin` and `Math.cos` may differ between Node versions and browsers.
 */
export function sineAndCosine(turns: number): readonly [sine: number, cosine: number] {
  const quarters = Math.floor(4 * turns + 0.5);
  const x = (4 * turns - quarters) * 1.5707963267948966; // |x| <= pi / 4
  const square = x * x;
  // The Taylor series.
  let sine = 1;
  for (let k = 17; k >= 3; k -= 2) sine = 1 - sine * (square * (1 / (k * (k - 1))));
  sine *= x;
  let cosine = 1;
  for (let k = 18; k >= 2; k -= 2) cosine = 1 - cosine * (square * (1 / (k * (k - 1))));
  switch (quarters & 3) {
    case 0:
      return [sine, cosine];
    case 1:
      return [cosine, -sine];
    case 2:
      return [-sine, -cosine];
    default:
      return [-cosine, sine];
  }
}
