export type {
  CoordinatorLink,
  CoordinatorLinkEvent,
  PeerLink,
  PeerLinkEvent,
  RenewableLink,
  WorkerLink,
  WorkerLinkEvent,
} from './link.ts';
export {
  protocolVersion,
  rejectReasons,
  type Begin,
  type Contribution,
  type CoordinatorMessage,
  type Crew,
  type Failed,
  type Gather,
  type Hello,
  type Message,
  type PeerMessage,
  type Ready,
  type Reject,
  type RejectReason,
  type SliceState,
  type Unreachable,
  type Updated,
  type Weights,
  type Welcome,
  type Work,
  type WorkerMessage,
} from './protocol/messages.ts';
export type {
  CrewMember,
  Exchange,
  PeerAddress,
  Phase,
  RoundHeader,
  RunHeader,
  ShardLosses,
  SliceTable,
  WeightsVersions,
} from './protocol/shared-fields.ts';
export { defaultLimits, type Limits } from './codec/codec.ts';
export type { BlockReference, Sharing } from './codec/shared-line.ts';
export { mostFlows } from './codec/flows.ts';
export type { Memory } from './codec/stream.ts';
export { createMemoryLink, type MemoryLink } from './memory/memory-link.ts';
export { createMemoryPeers, type MemoryPeers } from './memory/memory-peers.ts';
export { createCoordinatorLink, isLocalAddress, type CoordinatorLinkOptions } from './zeromq/coordinator-link.ts';
export {
  addJoinKey,
  createKeyPair,
  listJoinKeys,
  openRunKeys,
  readKeyFile,
  revokeJoinKey,
  writeKeyFile,
  type JoinKey,
  type KeyPair,
  type RunKeys,
  type WorkerKeys,
} from './zeromq/keys.ts';
export { createPeerLink, type PeerLinkOptions } from './zeromq/peer-link.ts';
export { peerBind } from './zeromq/peer-bind.ts';
export { createWorkerLink, type WorkerLinkOptions } from './zeromq/worker-link.ts';
