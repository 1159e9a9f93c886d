/**
 * Fields that several messages have: the schemas that check these fields, and the types that TypeScript derives from
 * the schemas.
 */
import type { Network } from '@lstm-gan/core';
import { z } from 'zod';
import type { DeepReadonly } from './message-entry.ts';

/** The type of a group of fields. */
type TypeOf<Fields extends z.ZodRawShape> = DeepReadonly<z.infer<z.ZodObject<Fields, z.core.$strict>>>;

export const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
export const milliseconds = z.number().nonnegative();
export const text = (maxLength: number) => z.string().max(maxLength);
/** A sentence for people. */
export const sentence = text(2000);
/** A number that may be NaN: the loss is NaN if training went wrong. */
const numberOrNaN = z.number().or(z.nan());

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const sha256OrEmpty = z.string().regex(/^([0-9a-f]{64})?$/);
/** For each name, a SHA-256, or an empty text if there is none. */
export const hashes = z
  .record(z.string().max(64), sha256OrEmpty)
  .refine((record) => Object.keys(record).length <= 32, 'too many entries');

export const network = z.enum(['generator', 'discriminator']);
/** The same schema for each network. */
const forEachNetwork = <Schema extends z.ZodType>(schema: Schema) =>
  z.strictObject({ generator: schema, discriminator: schema });
/** SHA-256 of each network's layout. */
export const layoutHashes = forEachNetwork(sha256OrEmpty);

export const shard = z
  .number()
  .int()
  .nonnegative()
  .max(1 << 20);
/** A range of shards that is a node of the summation tree. */
export const subtree = z
  .strictObject({ start: shard, end: shard })
  .refine(({ start, end }) => start < end, 'an empty range of shards');
export const subtrees = z.array(subtree).min(1).max(4096);

/** The name of a worker. */
export const worker = z.string().regex(/^[\w.:-]{1,64}$/);
const address = z.string().regex(/^(tcp:\/\/[^\s/]{1,255}:\d{1,5}|ipc:\/\/[^\0]{1,255}|memory)$/);
const publicKey = z.string().regex(/^([0-9A-Za-z.\-:+=^!/*?&<>()[\]{}@%$#]{40}|memory-\d{1,9})$/);

const peerAddressFields = {
  address,
  /** The worker's public key. Connections from peers and connections to peers use the same key pair. */
  publicKey,
  /** The name of the worker's machine: equal for workers on one machine. */
  host: text(256),
};
export const peerAddress = z.strictObject(peerAddressFields);
/** How a worker is reached by the other workers. */
export type PeerAddress = TypeOf<typeof peerAddressFields>;

const crewMemberFields = { name: worker, address, publicKey };
export const crewMember = z.strictObject(crewMemberFields);
/** A worker that takes part in a sliced exchange, and how the other members reach it. */
export type CrewMember = TypeOf<typeof crewMemberFields>;

/** The index of a slice of a network's vector, from 0. */
export const sliceNumber = z.number().int().nonnegative().max(1023);
/** The index of a worker in the crew's list of members, from 0. */
export const memberNumber = z.number().int().nonnegative().max(1023);
/** For each network, a list with one number for each slice. */
export const sliceTable = forEachNetwork(z.array(z.number().int().min(-1).max(1023)).max(1024));
/** For each slice of each network, the number of a member of the crew; -1 for no member. */
export type SliceTable = DeepReadonly<z.infer<typeof sliceTable>>;
/** For each network, the numbers of some of its slices. */
export const sliceNumbers = forEachNetwork(z.array(sliceNumber).max(1024));

export const exchange = z.enum(['star', 'sliced']);
/** How contributions and weights travel: through the coordinator, or directly between workers. */
export type Exchange = z.infer<typeof exchange>;

export const weightsVersions = forEachNetwork(count);
/** How many updates each network has had. */
export type WeightsVersions = DeepReadonly<z.infer<typeof weightsVersions>>;

/** Which run, and which start of the run's coordinator, a message belongs to. */
const incarnationHeader = {
  run: text(128),
  /** Counts the coordinator's starts on this run, from 1. */
  incarnation: count,
};

export const runHeader = {
  ...incarnationHeader,
  /** Starts at 1, and rises by 1 when the set of workers changes. */
  membership: count,
};
/**
 * Which run, and which start of the run's coordinator, a message belongs to. A message of another run or of another
 * start is stale, and is dropped.
 */
export type RunHeader = TypeOf<typeof runHeader>;

/** The fields of core's `Place`. */
export const place = {
  step: count,
  phase: network,
  turn: count,
};
/** A phase has the name of the network that it trains. */
export type Phase = Network;

export const roundHeader = {
  ...runHeader,
  ...place,
  /**
   * The number of the crew in the sliced exchange; 0 in the star. If a round loses a member, a crew with another number
   * repeats the round.
   */
  crew: count,
  /** The number of the lease, unique within an incarnation. */
  lease: count,
  weightsVersions,
};
/** Which round and which lease a message belongs to. */
export type RoundHeader = TypeOf<typeof roundHeader>;

const shardLossesFields = {
  shard,
  loss: numberOrNaN,
  /** The regularizer's penalty, which `loss` does not contain; 0 if the phase has no regularizer. */
  penalty: numberOrNaN,
};
export const shardLosses = z.strictObject(shardLossesFields);
/** The losses of one shard: each is the mean over the shard's images. */
export type ShardLosses = TypeOf<typeof shardLossesFields>;

/**
 * Which run, round, crew and slice a message between workers belongs to. A message of an earlier crew or round is late,
 * and is dropped.
 */
export const sliceHeader = { ...incarnationHeader, ...place, crew: count, slice: sliceNumber };
