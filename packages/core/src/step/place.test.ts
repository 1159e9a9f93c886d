import { expect, it } from 'vitest';
import {
  batchOf,
  comparePlaces,
  firstPlaceOfStep,
  isFirstOfStep,
  isPenaltyDue,
  keyOfShardPlace,
  lastDiscriminatorPlace,
  nextPlace,
  placeOfReals,
  placesOfImages,
  type DiscriminatorPlace,
  type Place,
} from './place.ts';

/** The places of the first steps of a run, in order. */
function placesOfRun(discriminatorSteps: number, steps = 3): Place[] {
  const places: Place[] = [];
  for (let place: Place = firstPlaceOfStep(1); place.step <= steps; place = nextPlace(place, discriminatorSteps))
    places.push(place);
  return places;
}

it('goes through all discriminator phases of a step, then its generator phase, then the next step', () => {
  expect(placesOfRun(2, 2)).toEqual([
    { step: 1, phase: 'discriminator', turn: 0 },
    { step: 1, phase: 'discriminator', turn: 1 },
    { step: 1, phase: 'generator', turn: 0 },
    { step: 2, phase: 'discriminator', turn: 0 },
    { step: 2, phase: 'discriminator', turn: 1 },
    { step: 2, phase: 'generator', turn: 0 },
  ]);
  expect(placesOfRun(1, 1)).toEqual([
    { step: 1, phase: 'discriminator', turn: 0 },
    { step: 1, phase: 'generator', turn: 0 },
  ]);
});

it.each([1, 2, 5])('sorts places and gives each shard its own key, with %i discriminator phases a step', (count) => {
  const places = placesOfRun(count);
  expect([...places].reverse().sort(comparePlaces)).toEqual(places);
  for (const place of places) expect(comparePlaces(place, { ...place })).toBe(0);
  const keys = places.flatMap((place) => [0, 1].map((shard) => keyOfShardPlace({ ...place, shard })));
  expect(new Set(keys).size).toBe(2 * places.length);
});

it('finds the first place and the last discriminator phase of a step', () => {
  const places = placesOfRun(3);
  expect(places.filter(isFirstOfStep)).toEqual([1, 2, 3].map(firstPlaceOfStep));
  for (const step of [1, 2, 3]) {
    const last = lastDiscriminatorPlace(step, 3);
    expect(places).toContainEqual(last);
    expect(nextPlace(last, 3)).toEqual({ step, phase: 'generator', turn: 0 });
  }
});

it.each([1, 2, 5])('gives every one of %i discriminator phases a step a batch of its own', (discriminatorSteps) => {
  const isDiscriminator = (place: Place): place is DiscriminatorPlace => place.phase === 'discriminator';
  const places = placesOfRun(discriminatorSteps).filter(isDiscriminator);
  expect(places.map((place) => batchOf(place, discriminatorSteps))).toEqual(places.map((_, index) => index + 1));
});

it.each([1, 2, 5])(
  'sends the images of the next discriminator phase with the generator phase, at %i discriminator phases a step',
  (discriminatorSteps) => {
    for (const place of placesOfRun(discriminatorSteps)) {
      const reader = place.phase === 'discriminator' ? place : nextPlace(place, discriminatorSteps);
      expect(placesOfImages(place, discriminatorSteps, false)).toEqual([reader]);
    }
  },
);

it('a generator phase that reads real images reads those of the discriminator phase before it, which are sent first', () => {
  const places = placesOfRun(2);
  for (const [index, place] of places.entries()) {
    const own = place.phase === 'discriminator' ? place : places[index - 1];
    expect(placeOfReals(place, 2)).toEqual(own);
    const next = place.phase === 'discriminator' ? [] : [nextPlace(place, 2)];
    expect(placesOfImages(place, 2, true)).toEqual([own, ...next]);
  }
});

it('a penalty of every fourth phase is due in the first phase, and counts all discriminator phases', () => {
  const due = (discriminatorSteps: number): number[] =>
    [1, 2, 3, 4, 5]
      .flatMap((step) => Array.from({ length: discriminatorSteps }, (_, turn) => ({ step, turn })))
      .map(({ step, turn }) => isPenaltyDue({ step, phase: 'discriminator', turn }, 4, discriminatorSteps))
      .flatMap((isDue, index) => (isDue ? [index] : []));
  expect(due(1)).toEqual([0, 4]);
  expect(due(2)).toEqual([0, 4, 8]);
});
