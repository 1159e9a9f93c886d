/**
 * Mistakes that the user can correct (`UserError`), and checks for bugs in this code (`assert`).
 *
 * @module errors
 * @category What lstm-gan itself uses
 */
export { assert } from './assert.ts';
export { nearestName } from './nearest-name.ts';
export { UserError, type UserErrorDetail } from './user-error.ts';
