/** Numbers that compare generated images with real ones. Each carries its feature network and the number of images. */
export type { ClassEvaluation, ClassLabels, ClassNumbers } from './evaluate-classes.ts';
export { evaluateSamples, type Evaluation, type EvaluationOptions, type Metric } from './evaluate-samples.ts';
export type { Images } from './images.ts';
export type { OnRows } from './linear/each-strip.ts';
export type { Matrix } from './linear/matrix.ts';
export { explainNumber, measures, type Compared, type Measure, type MeasureName } from './measure.ts';
export { classCoverage, type ClassCoverage } from './measures/class-coverage.ts';
export { copying, type Copying } from './measures/copying.ts';
export { countModes, gridOfGaussians, ringOfGaussians, type ModeCount, type Modes } from './measures/count-modes.ts';
export { featureDiversity } from './measures/feature-diversity.ts';
export { frechetDistance } from './measures/frechet-distance.ts';
export { kernelDistance, type KernelDistance } from './measures/kernel-distance.ts';
export { nearestRows, type NearestRow } from './measures/nearest-rows.ts';
export { neighbourMeasures, type NeighbourMeasures } from './measures/neighbour-measures.ts';
export type { Features, FeatureNetwork } from './networks/feature-network.ts';
export { classifierSize } from './networks/classifier-units.ts';
export { keyOf, metricOf, parseNumberNames, type NamedNumber } from './named-number.ts';
export { classifierName, openClassifier, type Classifier, type ClassifierOptions } from './networks/open-classifier.ts';
export {
  efficientnetName,
  openEfficientnet,
  prepareEfficientnet,
  type EfficientnetOptions,
} from './networks/efficientnet/open-efficientnet.ts';
export {
  findOwnNetwork,
  openOwnNetwork,
  pixelRanges,
  type OwnNetworkFiles,
  type PixelRange,
} from './networks/open-own-network.ts';
export { rememberFeatures } from './networks/remember-features.ts';
export { checkLabels, type LabelledImages } from './networks/train-classifier.ts';
