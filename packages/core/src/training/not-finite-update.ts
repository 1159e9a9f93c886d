import type { Network } from '../weights/layout.ts';

/** What to do if a number is not finite. */
export const notFiniteAdvice =
  'The last checkpoint is from before it. Lower the learning rates, or regularize the discriminator.';

/** An update would make an entry of a network's weights not finite: training cannot go on. */
export function notFiniteUpdate(step: number, network: Network, entry: string) {
  return {
    code: 'not-finite',
    message: `Training stopped in step ${step}: ${network}/${entry} would no longer be finite.`,
    advice: notFiniteAdvice,
  };
}
