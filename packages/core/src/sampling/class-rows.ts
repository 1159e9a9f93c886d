import { UserError } from '../errors/user-error.ts';

/**
 * Rows of zeros with a 1 at the place of a label, [labels, classes]: what the unit `generator-sample` of a conditional
 * model reads. A row of shares of several classes, with the sum 1, draws an image between these classes.
 * Throws a UserError if a label is not the number of a class, 0 .. classes - 1.
 *
 * @category Draw
 */
export function classRows(labels: readonly number[], classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  for (const [image, label] of labels.entries()) {
    if (!Number.isInteger(label) || label < 0 || label >= classes) throw noClass(label, classes);
    rows[image * classes + label] = 1;
  }
  return rows;
}

function noClass(label: number, classes: number): UserError {
  return new UserError({
    code: 'unknown-class',
    message: `There is no class number ${label}; the model has ${classes} classes, counted from 0.`,
    advice: `Pass numbers from 0 to ${classes - 1}.`,
  });
}
