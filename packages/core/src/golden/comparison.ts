/**
 * The result for one group of tensors: how far an engine's numbers a are from golden numbers b. Three measures exist.
 * Outputs: |a - b| <= 1e-4 |b| + 2e-6. (TensorFlow's own kernels have errors of 1.2e-6 in a normalisation over three
 * images, because such a normalisation magnifies float32 rounding.) Gradients: |a - b| relative to the largest |b| of
 * the tensor. Weights after Adam: norm(a - b) relative to norm(b - initial).
 */
export interface GoldenResult {
  /** What was compared, for example `outputs` or `gradient generator`. */
  readonly group: string;
  /** The tensor with the largest error. */
  readonly worst: string;
  /** The largest error in the group, in the measure for outputs, gradients or weights. */
  readonly largestError: number;
  readonly tolerance: number;
  readonly passed: boolean;
  /** How many tensors were compared. */
  readonly count: number;
}

export type ErrorMeasure = (actual: ArrayLike<number>, golden: ArrayLike<number>) => number;

/** The largest |a - b| / (|b| + 0.02). An error of at most 1e-4 means |a - b| <= 1e-4 |b| + 2e-6. */
export const outputError: ErrorMeasure = (actual, golden) =>
  largest(golden.length, (i) => Math.abs(actual[i] - golden[i]) / (Math.abs(golden[i]) + 0.02));

/** max |a - b| / (max |b| + 0.01). An error of at most 1e-4 means |a - b| <= 1e-4 max |b| + 1e-6. */
export const gradientError: ErrorMeasure = (actual, golden) => {
  const scale = largest(golden.length, (i) => Math.abs(golden[i])) + 0.01;
  return largest(golden.length, (i) => Math.abs(actual[i] - golden[i])) / scale;
};

/** norm(a - b) / norm(b - initial). The indices in `left` are left out of both norms. */
export function updateError(initial: ArrayLike<number>, left: ReadonlySet<number>): ErrorMeasure {
  return (actual, golden) => {
    let error = 0;
    let update = 0;
    for (let i = 0; i < golden.length; i++) {
      if (left.has(i)) continue;
      error += (actual[i] - golden[i]) ** 2;
      update += (golden[i] - initial[i]) ** 2;
    }
    return Math.sqrt(error / update);
  };
}

function largest(count: number, value: (i: number) => number): number {
  let most = 0;
  for (let i = 0; i < count; i++) {
    const here = value(i);
    if (!(here <= most)) most = Number.isNaN(here) ? Infinity : here;
  }
  return most;
}

/** Collects the errors of tensors by group. */
export function createComparison() {
  const groups = new Map<string, GoldenResult>();
  return {
    /** Compares one tensor. The error is infinite if `actual` and `golden` have different lengths. */
    compare(
      group: string,
      name: string,
      values: { actual: ArrayLike<number>; golden: ArrayLike<number> },
      { measure, tolerance }: { measure: ErrorMeasure; tolerance: number },
    ): void {
      const { actual, golden } = values;
      const error = actual.length === golden.length ? measure(actual, golden) : Infinity;
      const before = groups.get(group);
      const worse = before === undefined || error > before.largestError;
      const largestError = worse ? error : before.largestError;
      groups.set(group, {
        group,
        worst: worse ? name : before.worst,
        largestError,
        tolerance,
        passed: largestError <= tolerance,
        count: (before?.count ?? 0) + 1,
      });
    },
    results: (): GoldenResult[] => [...groups.values()],
  };
}
