/** Numbers that compare generated images with real ones. Each carries its feature network and the number of images. */
export { evaluateSamples, type Evaluation, type EvaluationOptions, type Metric } from './evaluate-samples.ts';
export type { Images } from './images.ts';
export { explainNumber, measures, type Compared, type Measure, type MeasureName } from './measure.ts';
export { classCoverage, type ClassCoverage } from './measures/class-coverage.ts';
export { frechetDistance } from './measures/frechet-distance.ts';
export type { Features, FeatureNetwork } from './networks/feature-network.ts';
export { openClassifier, type Classifier, type ClassifierOptions } from './networks/open-classifier.ts';
export type { LabelledImages } from './networks/train-classifier.ts';
