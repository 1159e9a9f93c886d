export type { Dataset, Labels, LeftOut } from './dataset.ts';
export { createShardReader, type BatchShape, type ReadShards } from './image-order.ts';
export { datasets, openDataset, type OpenDatasetOptions } from './open-dataset.ts';
export { createDataset } from './packed-dataset.ts';
