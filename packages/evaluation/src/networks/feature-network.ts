import type { Images } from '../images.ts';

/** What a network says about images. Rows are images, in the order of the images. */
export interface Features {
  /** Float32 [N, D], row by row. */
  readonly values: Float32Array;
  /** The number D of features of an image. */
  readonly width: number;
  /** Float32 [N, K]: the probability of each class. Only classifiers give it. */
  readonly probabilities?: Float32Array;
}

/** A network that turns images into features. Distances between sets of images are distances between their features. */
export interface FeatureNetwork {
  /** Stands in the name of every number that was computed with this network. */
  readonly name: string;
  /** What the network is, for people: one sentence. */
  readonly description: string;
  /** Differs for networks that give other features of the same images. */
  readonly key: string;
  /** The names of the classes, if the network is a classifier. */
  readonly classes?: readonly string[];
  /** The features of images of any shape. `onProgress` gets the number of images done. */
  compute(images: Images, onProgress?: (done: number) => void): Promise<Features>;
}
