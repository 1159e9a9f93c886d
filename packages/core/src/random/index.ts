/** Random numbers as pure functions of a key (`streamKey`). */
export { drawLabels } from './draw-labels.ts';
export { permutation } from './permutation.ts';
export { statelessNormal } from './stateless-normal.ts';
export { statelessUniform } from './stateless-uniform.ts';
