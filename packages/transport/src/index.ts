export type {
  CoordinatorLink,
  CoordinatorLinkEvent,
  KeyedLink,
  PeerLink,
  PeerLinkEvent,
  WorkerLink,
  WorkerLinkEvent,
} from './links.ts';
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
  type Seed,
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
export { mostFlows } from './codec/flow-order.ts';
export type { BlockReference } from './codec/block-reference.ts';
export type { Memory, Sharing } from './codec/memory.ts';
export { createMemoryLink, type MemoryLink } from './memory/memory-link.ts';
export { createMemoryPeers, type MemoryPeers } from './memory/memory-peers.ts';
export {
  createKeyPair,
  lookForKeys,
  readKeyFile,
  writeKeyFile,
  type KeyPair,
  type WorkerKeys,
} from './zeromq/keys/key-files.ts';
export {
  addJoinKey,
  createRunKeys,
  hasServerKey,
  listJoinKeys,
  openRunKeys,
  revokeJoinKey,
  type JoinKey,
  type RunKeys,
} from './zeromq/keys/run-keys.ts';
export { createCoordinatorLink, type CoordinatorLinkOptions } from './zeromq/links/coordinator-link.ts';
export type { ConnectingLinkOptions } from './zeromq/links/connecting-link.ts';
export type { ListeningLinkOptions } from './zeromq/links/listening-link.ts';
export { peerBindAddress } from './zeromq/links/peer-bind-address.ts';
export { createPeerLink, type PeerLinkOptions } from './zeromq/links/peer-link.ts';
export { createWorkerLink, type WorkerLinkOptions } from './zeromq/links/worker-link.ts';
export { isLocalAddress } from './zeromq/sockets/local-address.ts';
export { resolveAddress } from './zeromq/sockets/resolve-address.ts';
