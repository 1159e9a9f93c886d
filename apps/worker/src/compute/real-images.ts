/**
 * The real images that came with a work message, and their labels. Work of a generator phase brings the images of the
 * next step's first discriminator phase, so that a worker can start that phase before the generator's new weights
 * arrive. Before them come the images of this step's last discriminator phase, if the loss compares real images with
 * fake ones. Therefore the caller names the place for which it wants images. If the message has no images for that
 * place, that is an error.
 */
import type { RealImages } from '@lstm-gan/core/compute';
import { assert } from '@lstm-gan/core/errors';
import { shardsOf } from '@lstm-gan/core/fold';
import { comparePlaces, placesOfImages, readsPairs, type Place, type ShardPlace } from '@lstm-gan/core/step';
import type { RunConfig } from '@lstm-gan/run';
import type { Work } from '@lstm-gan/transport';

export interface SentImages extends RealImages {
  /** Whether the images for the next discriminator phase are there; those of a run's last phase are not. */
  has(place: Place): boolean;
}

export function realImagesOf(
  work: Place & Pick<Work, 'subtrees' | 'labels' | 'images'>,
  { model, shardSize, discriminatorSteps }: Pick<RunConfig, 'model' | 'shardSize' | 'discriminatorSteps'>,
): SentImages {
  const { size, channels } = model.image;
  const shardBytes = shardSize * size * size * channels;
  const shards = shardsOf(work.subtrees);
  const sentBatches = work.images.length / (shards.length * shardBytes);
  const readers = placesOfImages(work, discriminatorSteps, readsPairs(model)).slice(0, sentBatches);
  const batchIndexOf = (place: Place): number => readers.findIndex((reader) => comparePlaces(place, reader) === 0);
  /** The index of a shard among all shards that were sent. */
  const indexOf = (place: ShardPlace): number => {
    const [batch, index] = [batchIndexOf(place), shards.indexOf(place.shard)];
    assert(batch >= 0 && index >= 0, 'a shard reads the images that were sent for it');
    return batch * shards.length + index;
  };
  return {
    has: (place) => batchIndexOf(place) >= 0,
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
