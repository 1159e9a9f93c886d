import { createDataset, createShardReader, labelsInTurn, type ReadShards } from '@lstm-gan/data';
import type { RunConfig } from '@lstm-gan/run';

/** Reads shards of black images in the size and batch of a configuration, for benchmarks that do not look at images. */
export function createBlankReader(config: RunConfig): ReadShards {
  const { image, condition } = config.model;
  const { size, channels } = image;
  const count = 2 * config.batchSize;
  const pixels = new Uint8Array(count * size * size * channels);
  const labels = condition && labelsInTurn(count, condition.classes);
  const dataset = createDataset({ name: 'blank', count, size, channels, digest: '', labels }, pixels);
  return createShardReader(dataset, config);
}
