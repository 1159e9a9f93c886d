import type { RealImages } from '../compute/compute-shard.ts';
import { imagesPerStep } from '../config/check-run-config.ts';
import type { RunConfig } from '../config/run-config-schema.ts';
import { assert } from '../errors/assert.ts';
import { UserError } from '../errors/user-error.ts';
import type { ShardPlace } from '../step/place.ts';
import { typeName } from '../weights/bytes-of.ts';

/**
 * Images, flat, one after the other: [N, H, W, C]. Bytes are pixels from 0 to 255: a Node Buffer is a Uint8Array, and
 * an ArrayBuffer is read as bytes. A Float32Array holds pixels from -1 to 1.
 */
export type Pixels = Uint8Array | Uint8ClampedArray | ArrayBuffer | Float32Array;

/** The real images of a step, and the type in which the units read them. */
export interface StepImages extends RealImages {
  readonly dtype: 'uint8' | 'float32';
}

/**
 * The real images of a step: a batch for each discriminator phase, one after the other, and a label for each image if
 * the model has classes. Copies them, so that the caller may use the arrays again. Throws a UserError if the images or
 * labels are not what the configuration needs.
 */
export function stepImages(config: RunConfig, images: Pixels, labels?: ArrayLike<number>): StepImages {
  const { batchSize, shardSize, discriminatorSteps, model } = config;
  const { size, channels } = model.image;
  const [count, numbers] = [imagesPerStep(config), size * size * channels];
  const pixels = pixelsOf(images);
  if (pixels.length !== count * numbers) {
    const batches = discriminatorSteps === 1 ? '' : `${discriminatorSteps} batches of ${batchSize} images, `;
    const found = pixels.length / numbers;
    throw new UserError({
      code: 'wrong-images',
      message:
        `A step reads ${batches}${count} images of ${size} x ${size} x ${channels}, ${count * numbers} numbers, ` +
        `but got ${pixels.length}${Number.isInteger(found) ? ` (${found} images)` : ''}.`,
      advice: 'Pass the images of one step, flat: [images, height, width, channels], or change batchSize.',
    });
  }
  const known = labelsOf(config, count, labels);
  const firstOf = ({ step: _, phase, turn, shard }: ShardPlace): number => {
    assert(phase === 'discriminator', 'real images belong to a discriminator phase');
    return turn * batchSize + shard * shardSize;
  };
  return {
    dtype: pixels instanceof Float32Array ? 'float32' : 'uint8',
    of: (place) => pixels.subarray(firstOf(place) * numbers, (firstOf(place) + shardSize) * numbers),
    labelsOf: (place) => known.subarray(firstOf(place), firstOf(place) + shardSize),
  };
}

/** A copy of the pixels. */
function pixelsOf(images: Pixels): Uint8Array | Float32Array {
  if (images instanceof Uint8Array || images instanceof Uint8ClampedArray) return new Uint8Array(images);
  if (images instanceof ArrayBuffer) return new Uint8Array(images.slice(0));
  if (images instanceof Float32Array) {
    const outside = images.find((value) => !(value >= -1 && value <= 1));
    if (outside === undefined) return new Float32Array(images);
    throw new UserError({
      code: 'wrong-images',
      message: `Pixels in a Float32Array are from -1 to 1, but one is ${outside}.`,
      advice: 'Pass bytes from 0 to 255 as a Uint8Array, or divide them by 127.5 and subtract 1.',
    });
  }
  throw new UserError({
    code: 'wrong-images',
    message: `Images are bytes (Uint8Array, Uint8ClampedArray, ArrayBuffer) or a Float32Array; got ${typeName(images)}.`,
    advice: 'Pass bytes from 0 to 255, or float32 from -1 to 1. For a tensor, pass await tensor.data().',
  });
}

/** The labels as int32; none if the model has no classes. */
function labelsOf({ model }: RunConfig, count: number, labels: ArrayLike<number> | undefined): Int32Array {
  const { condition } = model;
  if (condition === undefined) {
    if (labels === undefined) return new Int32Array(0);
    throw new UserError({
      code: 'wrong-labels',
      message: 'The model reads no labels, but the step got some.',
      advice: "Leave the labels out, or give the model a condition: { kind: 'label', classes, embedding }.",
    });
  }
  const { classes } = condition;
  const isClass = (label: number): boolean => Number.isInteger(label) && label >= 0 && label < classes;
  const given = labels === undefined ? [] : Array.from(labels);
  const wrong = given.find((label) => !isClass(label));
  if (given.length === count && wrong === undefined) return Int32Array.from(given);
  throw new UserError({
    code: 'wrong-labels',
    message:
      `A step of this model reads ${count} labels, one for each image, from 0 to ${classes - 1}; ` +
      `${wrong === undefined ? `it got ${given.length}` : `one is ${String(wrong)}`}.`,
    advice: 'Pass the number of the class of each image as the second argument.',
  });
}
