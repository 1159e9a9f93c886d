import { expect, it } from 'vitest';
import { realImagesOf } from './real-images.ts';

/** Images of 2 x 2 bytes; a shard has 3 images. */
const config = {
  shardSize: 3,
  discriminatorSteps: 2,
  model: { image: { size: 2, channels: 1 }, loss: 'hinge' },
} as Parameters<typeof realImagesOf>[1];
const paired: typeof config = { ...config, model: { ...config.model, loss: 'relativistic' } };
const shardBytes = 12;
const subtrees = [
  { start: 4, end: 6 },
  { start: 1, end: 2 },
];
const images = Uint8Array.from({ length: 3 * shardBytes }, (_, byte) => Math.floor(byte / shardBytes));
/** The label of an image is its index. */
const labels = Array.from({ length: 9 }, (_, index) => index);
const step = 5;

it('gives each shard of a lease its own images, in the order of the subtrees', () => {
  const place = { step, phase: 'discriminator', turn: 1 } as const;
  const ofWork = realImagesOf({ ...place, subtrees, labels, images }, config);
  expect([4, 5, 1].map((shard) => [...new Set(ofWork.of({ ...place, shard }))])).toEqual([[0], [1], [2]]);
  expect(ofWork.of({ ...place, shard: 4 })).toHaveLength(shardBytes);
  expect(ofWork.labelsOf({ ...place, shard: 5 })).toEqual(Int32Array.of(3, 4, 5));
  expect(() => ofWork.of({ ...place, shard: 2 })).toThrow('images that were sent for it');
  expect(() => ofWork.labelsOf({ ...place, shard: 2 })).toThrow('images that were sent for it');
});

it("gives the images of the generator phase's work to the next step's first discriminator phase only", () => {
  const ofWork = realImagesOf({ step, phase: 'generator', turn: 0, subtrees, labels, images }, config);
  const reader = { step: step + 1, phase: 'discriminator', turn: 0, shard: 4 } as const;
  expect(ofWork.of(reader)).toHaveLength(shardBytes);
  for (const other of [{ step }, { step: step + 2 }, { turn: 1 }, { phase: 'generator' as const }])
    expect(() => ofWork.of({ ...reader, ...other })).toThrow('images that were sent for it');
});

it("gives a discriminator phase's images to no other phase", () => {
  const place = { step, phase: 'discriminator', turn: 0, shard: 4 } as const;
  const ofWork = realImagesOf({ ...place, subtrees, labels, images }, config);
  for (const other of [{ step: step + 1 }, { turn: 1 }, { phase: 'generator' as const }])
    expect(() => ofWork.of({ ...place, ...other })).toThrow('images that were sent for it');
});

it('has no images for the phase after the last one of a run', () => {
  const work = { step, phase: 'generator', turn: 0, subtrees, labels } as const;
  const next = { step: step + 1, phase: 'discriminator', turn: 0 } as const;
  expect(realImagesOf({ ...work, images: new Uint8Array(0) }, config).has(next)).toBe(false);
  expect(realImagesOf({ ...work, images }, config).has(next)).toBe(true);
  expect(realImagesOf({ ...work, images }, paired).has(next)).toBe(false);
});

it('gives a generator phase that reads pairs the images of the discriminator phase before it, which come first', () => {
  const both = Uint8Array.from([...images, ...images.map((value) => value + 3)]);
  const bothLabels = [...labels, ...labels.map((label) => label + 9)];
  const work = { step, phase: 'generator', turn: 0, subtrees, labels: bothLabels, images: both } as const;
  const ofWork = realImagesOf(work, paired);
  const own = { step, phase: 'discriminator', turn: 1 } as const;
  const next = { step: step + 1, phase: 'discriminator', turn: 0 } as const;
  expect([4, 5, 1].map((shard) => [...new Set(ofWork.of({ ...own, shard }))])).toEqual([[0], [1], [2]]);
  expect([4, 5, 1].map((shard) => [...new Set(ofWork.of({ ...next, shard }))])).toEqual([[3], [4], [5]]);
  expect(ofWork.labelsOf({ ...own, shard: 5 })).toEqual(Int32Array.of(3, 4, 5));
  expect(ofWork.labelsOf({ ...next, shard: 5 })).toEqual(Int32Array.of(12, 13, 14));
  expect(ofWork.has(next)).toBe(true);
  expect(() => ofWork.of({ ...own, turn: 0, shard: 4 })).toThrow('images that were sent for it');
});
