import type { RunConfig } from '../config/run-config-schema.ts';
import { drawLabels } from '../random/draw-labels.ts';
import { streamKey } from '../random/stream-key.ts';
import type { ShardPlace } from '../step/place.ts';

/**
 * Draws the labels of a shard's fake images, int32 [shardSize]: a pure function of (seed, step, phase, turn, shard). A
 * class is drawn as often as the data have images of it; the discriminator could otherwise tell fake images by their
 * classes. Undefined if the model is not conditional.
 * @param place the place of the images' noise
 */
export function drawFakeLabels(
  { seed, shardSize, model, classes }: Pick<RunConfig, 'seed' | 'shardSize' | 'model' | 'classes'>,
  place: ShardPlace,
): Int32Array | undefined {
  const { condition } = model;
  if (condition === undefined) return undefined;
  // Without data, as in a benchmark, all classes are equally frequent.
  const frequencies = classes?.map(({ images }) => images) ?? Array<number>(condition.classes).fill(1);
  return drawLabels(streamKey({ seed, ...place, purpose: 'label' }), shardSize, frequencies);
}
