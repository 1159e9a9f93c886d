/** What every field of every message may be. Strict: an unknown field is refused, not ignored. */
import { z } from 'zod';

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = (most: number) => z.string().max(most);
const sha256 = z.string().regex(/^([0-9a-f]{64})?$/);
const hashes = z
  .record(z.string().max(64), sha256)
  .refine((record) => Object.keys(record).length <= 32, 'too many entries');
const network = z.enum(['generator', 'discriminator']);
const shard = z
  .number()
  .int()
  .nonnegative()
  .max(1 << 20);
const range = z
  .strictObject({ start: shard, end: shard })
  .refine(({ start, end }) => start < end, 'an empty range of shards');
const ranges = z.array(range).min(1).max(4096);
const finiteOrNot = z.number().or(z.nan());

const worker = z.string().regex(/^[\w.:-]{1,64}$/);
const address = z.string().regex(/^(tcp:\/\/[^\s/]{1,255}:\d{1,5}|ipc:\/\/[^\0]{1,255}|memory)$/);
const key = z.string().regex(/^([0-9A-Za-z.\-:+=^!/*?&<>()[\]{}@%$#]{40}|memory-\d{1,9})$/);
const member = z.number().int().min(-1).max(1023);
const slice = z.number().int().nonnegative().max(1023);
const power = z.number().min(0).max(1);

const life = { run: text(128), incarnation: count };
const run = { ...life, membership: count };
const place = { step: count, phase: network, turn: count };
const weightsVersions = z.strictObject({ generator: count, discriminator: count });
const tableOf = (entry: z.ZodType<number>) =>
  z.strictObject({ generator: z.array(entry).max(1024), discriminator: z.array(entry).max(1024) });
const sliceTable = tableOf(member);
const round = { ...run, ...place, crew: count, lease: count, weightsVersions };
const between = { ...life, ...place, crew: count, slice };

const sliceState = z.strictObject({
  kind: z.literal('slice'),
  ...run,
  gathering: count,
  network,
  slice,
  updates: count,
  beta1Power: power,
  beta2Power: power,
});

/** Without the arrays: those travel as frames of their own. */
export const workerSchemas = {
  hello: z.strictObject({
    kind: z.literal('hello'),
    protocol: count,
    worker,
  }),
  ready: z.strictObject({
    kind: z.literal('ready'),
    ...run,
    engine: text(32),
    tensorflow: text(64),
    device: text(256),
    threads: count,
    layouts: z.strictObject({ generator: sha256, discriminator: sha256 }),
    probes: hashes,
    graphs: hashes,
    peer: z.strictObject({ address, publicKey: key, host: text(256) }).nullable(),
  }),
  contribution: z.strictObject({
    kind: z.literal('contribution'),
    ...round,
    subtrees: ranges,
    losses: z.array(z.strictObject({ shard, loss: finiteOrNot, penalty: finiteOrNot })).max(1 << 16),
    computeMs: z.number().nonnegative(),
    waitingMs: z.number().nonnegative(),
  }),
  leave: z.strictObject({ kind: z.literal('leave'), ...run }),
  failed: z.strictObject({
    kind: z.literal('failed'),
    ...round,
    shard,
    reason: z.enum(['not-finite', 'engine']),
    sentence: text(2000),
  }),
  settled: z.strictObject({ kind: z.literal('settled'), ...run, crew: count }),
  updated: z.strictObject({
    kind: z.literal('updated'),
    ...run,
    ...place,
    crew: count,
    updateMs: z.number().nonnegative(),
    notFinite: text(256).nullable(),
  }),
  slice: sliceState,
  unreachable: z.strictObject({ kind: z.literal('unreachable'), ...run, crew: count, worker, sentence: text(2000) }),
} as const;

/** Why somebody is not let in: what any listening end may say. */
export const refusalSchemas = {
  reject: z.strictObject({
    kind: z.literal('reject'),
    reason: z.enum([
      'protocol-version',
      'name-taken',
      'engine-differs',
      'layout-differs',
      'probe-differs',
      'unexpected-message',
      'unreachable',
      'malformed-message',
    ]),
    sentence: text(2000),
  }),
} as const;

export const coordinatorSchemas = {
  welcome: z.strictObject({
    kind: z.literal('welcome'),
    ...run,
    protocol: count,
    exchange: z.enum(['star', 'sliced']),
    config: text(1 << 16),
  }),
  weights: z.strictObject({ kind: z.literal('weights'), ...run, network, version: count }),
  work: z.strictObject({ kind: z.literal('work'), ...round, subtrees: ranges }),
  finish: z.strictObject({ kind: z.literal('finish'), ...run }),
  crew: z.strictObject({
    kind: z.literal('crew'),
    ...run,
    crew: count,
    weightsVersions,
    members: z
      .array(z.strictObject({ name: worker, address, publicKey: key }))
      .min(1)
      .max(1024),
    self: slice,
    owners: sliceTable,
    backups: sliceTable,
  }),
  begin: z.strictObject({ kind: z.literal('begin'), ...run, ...place, crew: count, weightsVersions }),
  gather: z.strictObject({
    kind: z.literal('gather'),
    ...run,
    gathering: count,
    weightsVersions,
    slices: tableOf(slice),
  }),
  slice: sliceState,
  ...refusalSchemas,
} as const;

/** Between workers. */
export const peerSchemas = {
  piece: z.strictObject({ kind: z.literal('piece'), ...between, range }),
  total: z.strictObject({ kind: z.literal('total'), ...between }),
  renewed: z.strictObject({ kind: z.literal('renewed'), ...between }),
} as const;
