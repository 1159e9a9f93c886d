/** Random numbers as pure functions of a key (`streamKey`). */
export { permutation } from './permutation.ts';
export { statelessUniform } from './stateless-uniform.ts';
