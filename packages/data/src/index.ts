export type { Dataset, Labels, LeftOut, PackedDataset } from './dataset.ts';
export { createShardReader, type BatchShape, type ReadShards, type ShardImages } from './image-order.ts';
export { labelsInTurn } from './labels-in-turn.ts';
export type { DatasetSource, DecodedImages } from './decoded-images.ts';
export { shapeOfFirstImage, typicalShape, type ImageFolderOptions } from './image-folder.ts';
export { datasets, openDataset, packDataset, packedFileOf, type OpenDatasetOptions } from './open-dataset.ts';
export { createDataset } from './packed-dataset.ts';
