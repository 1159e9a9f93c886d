/**
 * The real images that came with a work message, and their labels. Work of a generator phase brings the images of the
 * next step's first discriminator phase, so that a worker can start that phase before the generator's new weights
 * arrive. Therefore the caller names the place for which it wants images. If the message has images for another place,
 * that is an error.
 */
import type { RealImages } from '@lstm-gan/core/compute';
import { assert } from '@lstm-gan/core/errors';
import { shardsOf } from '@lstm-gan/core/fold';
import { comparePlaces, placeOfImages, type Place, type ShardPlace } from '@lstm-gan/core/step';
import type { RunConfig } from '@lstm-gan/run';
import type { Work } from '@lstm-gan/transport';

export interface SentImages extends RealImages {
  /** True for the generator phase of the last step, whose work comes without images. */
  readonly isEmpty: boolean;
}

export function realImagesOf(
  work: Place & Pick<Work, 'subtrees' | 'labels' | 'images'>,
  { model, shardSize }: Pick<RunConfig, 'model' | 'shardSize'>,
): SentImages {
  const { size, channels } = model.image;
  const shardBytes = shardSize * size * size * channels;
  const reader = placeOfImages(work);
  const shards = shardsOf(work.subtrees);
  const indexOf = (place: ShardPlace): number => {
    const index = shards.indexOf(place.shard);
    assert(comparePlaces(place, reader) === 0 && index >= 0, 'a shard reads the images that were sent for it');
    return index;
  };
  return {
    isEmpty: work.images.length === 0,
    of(place) {
      const index = indexOf(place);
      return work.images.subarray(index * shardBytes, (index + 1) * shardBytes);
    },
    labelsOf(place) {
      const index = indexOf(place);
      return Int32Array.from(work.labels.slice(index * shardSize, (index + 1) * shardSize));
    },
  };
}
