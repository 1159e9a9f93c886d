/** What programs share on a machine and on its disks. */
export { explainReadError, explainSystemError, explainWriteError, reasonOf } from './explain-system-error.ts';
export { makeFolder } from './make-folder.ts';
export { readWhole } from './read-whole.ts';
