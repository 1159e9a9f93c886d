import type { Round } from './state.ts';

/**
 * Which batch of images, from 1, goes out with a round. Every discriminator phase reads a batch of its own; with the
 * generator's phase go the images of the next step's first, so that workers can start on them.
 */
export function batchNumber(
  { step, phase, turn }: Pick<Round, 'step' | 'phase' | 'turn'>,
  discriminatorSteps: number,
): number {
  return (step - 1) * discriminatorSteps + 1 + (phase === 'discriminator' ? turn : discriminatorSteps);
}
