import { concat, matMul, mul, ones, reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { classesOf, type Layer, type Pass } from './layer.ts';

const table = 'labels/embedding';

/**
 * Joins the embedding of each image's class to the noise: [B, F] -> [B, F + E]. The embeddings are trainable: a table
 * [C, E] of C classes, from which `joinLabel` reads too.
 */
export function labelEmbedding(classes: number, size: number): Layer {
  return {
    parameters: [{ name: table, shape: [classes, size], role: 'trainable', initializer: { kind: 'normal' } }],
    apply: (x, pass) => concat([x, embedded(classesOf(pass), pass)], 1),
  };
}

/**
 * Joins the embedding of each image's class to every time step, and to every position of a step's map if there are
 * maps: [B, T, ..., F] -> [B, T, ..., F + E]. The network must begin with `labelEmbedding`.
 */
export function joinLabel(): Layer {
  return {
    parameters: [],
    apply(x, pass) {
      const classes = classesOf(pass);
      const [batch, ...places] = x.shape.slice(0, -1) as [number, ...number[]];
      const count = places.reduce((product, length) => product * length, 1);
      // The classes are repeated, not their embeddings: then the gradient of the table is a product of matrices.
      const ofPlaces = mul(ones([1, count, 1]), reshape(classes, [batch, 1, -1])); // [B, T * ..., C]
      const rows = embedded(reshape(ofPlaces, [batch * count, -1]), pass);
      return concat([x, reshape(rows, [batch, ...places, -1])], -1);
    },
  };
}

/** Embeddings of classes: [N, C] -> [N, E]. A product, because the gradient of gathered rows has sums of open order. */
function embedded(classes: Tensor, { parameter }: Pass): Tensor {
  return matMul(classes as Tensor2D, parameter(table) as Tensor2D);
}
