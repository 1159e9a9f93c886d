/** Gradient accumulation: an output that is added to what came before it while it is written, so that the sum is no pass of its own. */
import { checkArrays, type SumTree, type Unit, type VectorArithmetic } from '@lstm-gan/core';

/** The output becomes `onto[0] + (onto[1] + (... + output))`, each sum rounded to float32. */
export interface Accumulation<O extends string = string> {
  readonly output: O;
  /** As long as the output; must not change until the run is over. With none, the output is only looked at. */
  readonly onto: readonly Float32Array[];
}

/** An output that was to be added up has a float that is infinite or NaN, by itself or in the sum. */
export class NotFiniteSumError extends Error {
  constructor(unit: string, output: string) {
    super(`The sum with ${output} of unit ${unit} is not finite.`);
    this.name = 'NotFiniteSumError';
  }
}

/** Throws a UserError where a vector has another length than the output. */
export function checkAccumulation({ name, outputs }: Unit, { output, onto }: Accumulation): void {
  for (const vector of onto) checkArrays(name, { [output]: outputs[output] }, { [output]: vector });
}

/**
 * Ends an accumulation: adds where that is still to be done, and throws a NotFiniteSumError where the sum is not finite.
 * @param isFinite of a sum that was done on the way
 */
export function endAccumulation(
  { name }: Unit,
  { output, onto }: Accumulation,
  outputs: Readonly<Record<string, Float32Array>>,
  { addUp }: VectorArithmetic,
  isFinite?: boolean,
): void {
  const sum = outputs[output];
  if (!(
    isFinite ??
    addUp(
      onto.reduceRight<SumTree>((tree, vector) => [vector, tree], sum),
      sum,
    )
  ))
    throw new NotFiniteSumError(name, output);
}
