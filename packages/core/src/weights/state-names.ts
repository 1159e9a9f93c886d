/** The names of a network's state in a layout. Batch normalisation has `<layer>/movingMean` and `<layer>/movingVariance`. */
export const movingMeanSuffix = '/movingMean';
export const movingVarianceSuffix = '/movingVariance';

/** Spectral normalisation has `<layer>/direction`. */
export const directionSuffix = '/direction';

/** The name of the moving variance that belongs to a moving mean. */
export function varianceNameOf(meanName: string): string {
  return meanName.slice(0, -movingMeanSuffix.length) + movingVarianceSuffix;
}
