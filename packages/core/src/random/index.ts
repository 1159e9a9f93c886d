/**
 * Random numbers as pure functions of a key (`streamKey`).
 *
 * @module random
 * @category What lstm-gan itself uses
 */
export { drawLabels } from './draw-labels.ts';
export { permutation } from './permutation.ts';
export { statelessNormal } from './stateless-normal.ts';
export { statelessUniform } from './stateless-uniform.ts';
