import type { Tensor } from '@tensorflow/tfjs-core';
import { assert } from '../errors/assert.ts';
import type { Role } from '../weights/layout.ts';

/**
 * A layer is its parameters and a formula. A network is a list of layers; its layout is the list of their parameters.
 * Shapes in comments: B batch, T time steps, H W C image, F features, U units.
 */
export interface Layer {
  /** In the order in which the network's flat vector holds them. A layer such as an activation has none. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * The layer's formula: plain operations of tfjs, whose gradients tfjs derives. It is called inside `tidy`, and its
   * operations become a part of a graph: it must not read values back, nor draw random numbers.
   */
  apply(x: Tensor, pass: Pass): Tensor;
}

/** A parameter of a layer: a named part of the network's flat vector. */
export interface ParameterSpec {
  /** `<layer>/<name>`, different for every parameter of a network. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: Role;
  /** How the values before the first step are drawn. */
  readonly initializer: Initializer;
}

/** How the values of a parameter before the first step are drawn. They depend on the run's seed and nothing else. */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  /** Standard normal numbers, like the noise that an embedding joins. */
  | { readonly kind: 'normal' }
  /** Uniform within +-sqrt(6 / (fanIn + fanOut)) (Glorot & Bengio, 2010). */
  | { readonly kind: 'glorot'; readonly fanIn: number; readonly fanOut: number }
  /** Orthonormal rows (Saxe et al., 2014). */
  | { readonly kind: 'orthogonal' }
  /** Ones for the forget gate (the second quarter), zeros for the others (Jozefowicz et al., 2015). */
  | { readonly kind: 'forget-gate-one' };

/** What a layer needs in one pass through a network. */
export interface Pass {
  /** The value of a parameter, by its whole name, in its shape. */
  parameter(name: string): Tensor;
  /** Batch statistics and dropout in training; moving averages and no dropout in inference. */
  readonly training: boolean;
  /** Key (int32 [2]) of the dropout masks; without it nothing is dropped. */
  readonly dropoutSeed?: Tensor;
  /** Only in conditional models: a row for each image, with a 1 for the image's class among zeros. [B, classes]. */
  readonly classes?: Tensor;
  /** Called with the batch statistics of each normalisation: mean and biased variance, [C] each. */
  onStatistics?(norm: string, mean: Tensor, variance: Tensor): void;
  /** Called with the next direction of each spectral normalisation, [N], by the name of its state entry. */
  onDirection?(name: string, direction: Tensor): void;
}

/** The classes of the images of a pass, [B, classes]. */
export function classesOf({ classes }: Pass): Tensor {
  assert(classes !== undefined, 'a pass through a conditional network has classes');
  return classes;
}

/** A layer without parameters. */
export function stateless(apply: Layer['apply']): Layer {
  return { parameters: [], apply };
}
