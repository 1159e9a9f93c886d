/**
 * Accumulation: while a run writes an output of a unit (a gradient), it also adds earlier vectors. So the sum needs no
 * pass of its own over the vectors.
 */
import type { EvaluateSum, SumTree } from '../fold/sum-tree.ts';
import { checkArrays } from './check-arrays.ts';
import type { Unit } from './unit.ts';

/** Asks that an output becomes `onto[0] + (onto[1] + (... + output))`. Each sum is rounded to float32. */
export interface Accumulation<O extends string = string> {
  readonly output: O;
  /**
   * Vectors as long as the output. They must not change until the run is over. If there are no vectors, the output is
   * only checked for numbers that are not finite.
   */
  readonly onto: readonly Float32Array[];
}

/** The error for an accumulated output with a number that is infinite or NaN. */
export class NotFiniteSumError extends Error {
  constructor(unit: string, output: string) {
    super(`The sum with ${output} of unit ${unit} is not finite.`);
    this.name = 'NotFiniteSumError';
  }
}

/** Throws a UserError if a vector has another length than the output. */
export function checkAccumulation({ name, outputs }: Unit, { output, onto }: Accumulation): void {
  for (const vector of onto) checkArrays(name, { [output]: outputs[output] }, { [output]: vector });
}

/**
 * Ends an accumulation: adds the vectors to the output unless the run has added them, and throws a NotFiniteSumError if
 * the sum is not finite.
 * @param isFinite whether the sum is finite; undefined if the run has not added the vectors
 */
export function endAccumulation(
  { name }: Unit,
  { output, onto }: Accumulation,
  outputs: Readonly<Record<string, Float32Array>>,
  { evaluateSum }: { readonly evaluateSum: EvaluateSum },
  isFinite?: boolean,
): void {
  const sum = outputs[output];
  if (!(
    isFinite ??
    evaluateSum(
      onto.reduceRight<SumTree>((tree, vector) => [vector, tree], sum),
      sum,
    )
  ))
    throw new NotFiniteSumError(name, output);
}
