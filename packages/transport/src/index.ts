export type { CoordinatorLink, CoordinatorLinkEvent, WorkerLink, WorkerLinkEvent } from './link.ts';
export {
  protocolVersion,
  type Contribution,
  type CoordinatorMessage,
  type Failed,
  type Finish,
  type Hello,
  type Leave,
  type Phase,
  type Ready,
  type Reject,
  type RejectReason,
  type RoundHeader,
  type RunHeader,
  type ShardLosses,
  type Weights,
  type Welcome,
  type Work,
  type WorkerMessage,
} from './protocol.ts';
export { defaultLimits, type Limits } from './codec/codec.ts';
export type { Memory } from './codec/stream.ts';
export { createMemoryLink, type MemoryLink } from './memory/memory-link.ts';
export { createCoordinatorLink, type CoordinatorLinkOptions } from './zeromq/coordinator-link.ts';
export { createKeyPair, openRunKeys, readKeyFile, writeKeyFile, type KeyPair, type RunKeys, type WorkerKeys } from './zeromq/keys.ts';
export { createWorkerLink, type WorkerLinkOptions } from './zeromq/worker-link.ts';
