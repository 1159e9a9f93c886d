/** What programs share on a machine and on its disks. */
export { adviceOf, explainReadError, explainSystemError, explainWriteError, reasonOf } from './explain-system-error.ts';
export { makeFolder } from './make-folder.ts';
export { readWhole } from './read-whole.ts';
export { atExit } from './at-exit.ts';
export { takeLock, type Lock, type LockOptions } from './lock/take-lock.ts';
export { runProgram, type ProgramResult } from './run-program.ts';
export {
  createTemporary,
  createTemporaryFolder,
  removeLeftovers,
  removeTemporaries,
  type Temporary,
} from './temporary/temporaries.ts';
export { longestTemporaryName } from './temporary/temporary-name.ts';
export { writeAtomically, writeAtomicallySync, type FileContent } from './write-atomically.ts';
