/**
 * The places of a run. A place is one phase of one step: (step, phase, turn). A step has `discriminatorSteps`
 * discriminator phases, counted by `turn`, and then one generator phase. With `discriminatorSteps` = 2 a run visits
 *
 *   step 1 discriminator turn 0, step 1 discriminator turn 1, step 1 generator turn 0, step 2 discriminator turn 0, ...
 *
 * All code that depends on this order is in this file.
 */
import type { Network } from '../weights/layout.ts';

/** One phase of one step of a run. */
export interface Place {
  /** Counts from 1. */
  readonly step: number;
  /** The phase that trains a network has the network's name. */
  readonly phase: Network;
  /** The index of a discriminator phase within its step, counted from 0. The generator phase has turn 0. */
  readonly turn: number;
}

/** A place that reads real images. */
export interface DiscriminatorPlace extends Place {
  readonly phase: 'discriminator';
}

/**
 * One shard of the batch of a place. The run's seed, the place and the index of the shard together decide the shard's
 * noise, dropout masks and images.
 */
export interface ShardPlace extends Place {
  readonly shard: number;
}

/** The first place of a step. */
export function firstPlaceOfStep(step: number): DiscriminatorPlace {
  return { step, phase: 'discriminator', turn: 0 };
}

/** Whether a place is the first of its step. */
export function isFirstOfStep({ phase, turn }: Pick<Place, 'phase' | 'turn'>): boolean {
  return phase === 'discriminator' && turn === 0;
}

/** The place after a given place. After a step's generator phase comes the first place of the next step. */
export function nextPlace({ step, phase, turn }: Place, discriminatorSteps: number): Place {
  if (phase === 'generator') return firstPlaceOfStep(step + 1);
  if (turn + 1 < discriminatorSteps) return { step, phase, turn: turn + 1 };
  return { step, phase: 'generator', turn: 0 };
}

/** The last discriminator phase of a step. */
export function lastDiscriminatorPlace(step: number, discriminatorSteps: number): DiscriminatorPlace {
  return { step, phase: 'discriminator', turn: discriminatorSteps - 1 };
}

/** Negative if `a` comes before `b`, 0 if they are the same place, positive if `a` comes after `b`. */
export function comparePlaces(a: Place, b: Place): number {
  const rank = ({ phase }: Place): number => (phase === 'discriminator' ? 0 : 1);
  return a.step - b.step || rank(a) - rank(b) || a.turn - b.turn;
}

/** The key of a shard place in a Map. Equal shard places have equal keys. */
export function keyOfShardPlace({ step, phase, turn, shard }: ShardPlace): string {
  return `${step} ${phase} ${turn} ${shard}`;
}

/**
 * The discriminator phase whose real images a shard reads. A generator phase reads real images only if the loss compares
 * them with fake ones: those of the step's last discriminator phase, whether the two share their noise or not.
 */
export function placeOfReals({ step, phase, turn }: Place, discriminatorSteps: number): DiscriminatorPlace {
  return phase === 'discriminator' ? { step, phase, turn } : lastDiscriminatorPlace(step, discriminatorSteps);
}

/**
 * Real images are sent with the work of every place. Returns the discriminator phases whose images are sent, in order.
 * With the work of a discriminator phase, its own images are sent. With the work of a generator phase, the images of
 * the next step's first discriminator phase are sent, so that a worker can start that discriminator phase before the
 * generator's new weights have arrived. Before them come the images that the generator phase itself reads, if it reads
 * any.
 * @param readsPairs whether the loss compares real images with fake ones
 */
export function placesOfImages(place: Place, discriminatorSteps: number, readsPairs: boolean): DiscriminatorPlace[] {
  const own = placeOfReals(place, discriminatorSteps);
  if (place.phase === 'discriminator') return [own];
  return [...(readsPairs ? [own] : []), firstPlaceOfStep(place.step + 1)];
}

/** Which batch of images a discriminator phase reads, counted from 1. Every discriminator phase reads a new batch. */
export function batchOf({ step, turn }: DiscriminatorPlace, discriminatorSteps: number): number {
  return (step - 1) * discriminatorSteps + turn + 1;
}

/** Whether this discriminator phase computes a penalty that one of `every` phases computes. The run's first phase does. */
export function isPenaltyDue(place: DiscriminatorPlace, every: number, discriminatorSteps: number): boolean {
  return (batchOf(place, discriminatorSteps) - 1) % every === 0;
}
