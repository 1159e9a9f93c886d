/** The names of batch normalisation's state in a layout: `<layer>/movingMean` and `<layer>/movingVariance`. */
export const movingMeanSuffix = '/movingMean';
export const movingVarianceSuffix = '/movingVariance';

/** The name of the moving variance that belongs to a moving mean. */
export function varianceNameOf(meanName: string): string {
  return meanName.slice(0, -movingMeanSuffix.length) + movingVarianceSuffix;
}
