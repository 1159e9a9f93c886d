/** For tests of programs that use this package. */
export { proveKey } from '../zeromq/keys/key-proof.ts';
export { sampleContribution } from './sample-messages.ts';
