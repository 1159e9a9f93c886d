/**
 * Options of `lstm-gan train` that make a step take milliseconds: digits of 8x8 pixels, and networks of a few thousand
 * parameters. The data have labels, so that a classifier can be trained on them.
 */
export const smallTraining: readonly string[] = [
  ...['--preset', 'digits', '--workers', '1'],
  ...['--set', 'model.image.size=8', '--set', 'model.generator={kind: dense, units: [32]}'],
  ...['--set', 'model.discriminator.filters=[8]', '--set', 'model.latent=8'],
];
