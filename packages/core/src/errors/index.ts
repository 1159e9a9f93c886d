/** Errors: what a user can mend (`UserError`), and what is a bug (`assert`). */
export { assert } from './assert.ts';
export { explainWriteError } from './explain-write-error.ts';
export { nearestName } from './nearest-name.ts';
export { UserError, type UserErrorDetail } from './user-error.ts';
