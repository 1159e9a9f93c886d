import type { ParameterSpec } from './layer.ts';

/**
 * Above this many units a recurrent kernel starts Glorot-uniform, because making it orthogonal would take seconds.
 */
const largestOrthogonalUnits = 512;

/** The kernel [U, N] by which a recurrent layer of U units multiplies its state, U <= N. */
export function recurrentKernel(name: string, units: number, outputs: number): ParameterSpec {
  const isOrthogonal = units <= largestOrthogonalUnits;
  return {
    name,
    shape: [units, outputs],
    role: 'trainable',
    initializer: isOrthogonal ? { kind: 'orthogonal' } : { kind: 'glorot', fanIn: units, fanOut: units },
  };
}
