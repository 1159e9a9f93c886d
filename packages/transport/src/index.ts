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
  type Contribution,
  type CoordinatorMessage,
  type Exchange,
  type Failed,
  type Finish,
  type Hello,
  type Leave,
  type Message,
  type PeerAddress,
  type PeerMessage,
  type Phase,
  type Ready,
  type Reject,
  type RejectReason,
  type RoundHeader,
  type RoundPlace,
  type RunHeader,
  type ShardLosses,
  type Weights,
  type WeightsVersions,
  type Welcome,
  type Work,
  type WorkerMessage,
} from './protocol.ts';
export type {
  Begin,
  Crew,
  CrewMember,
  Gather,
  Piece,
  Renewed,
  Settled,
  SliceHeader,
  SliceState,
  SliceTable,
  Total,
  Unreachable,
  Updated,
} from './sliced-protocol.ts';
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
