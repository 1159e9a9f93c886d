/** What every field of every message may be. Strict: an unknown field is refused, not ignored. */
import { z } from 'zod';

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = (most: number) => z.string().max(most);
const sha256 = z.string().regex(/^([0-9a-f]{64})?$/);
const hashes = z.record(z.string().max(64), sha256).refine((record) => Object.keys(record).length <= 32, 'too many entries');
const network = z.enum(['generator', 'discriminator']);
const shard = z.number().int().nonnegative().max(1 << 20);
const range = z.strictObject({ start: shard, end: shard }).refine(({ start, end }) => start < end, 'an empty range of shards');
const ranges = z.array(range).min(1).max(4096);
const finiteOrNot = z.number().or(z.nan());

const run = { run: text(128), incarnation: count, membership: count };
const round = {
  ...run,
  step: count,
  phase: network,
  turn: count,
  lease: count,
  weightsVersions: z.strictObject({ generator: count, discriminator: count }),
};

/** Without the arrays: those travel as frames of their own. */
export const workerSchemas = {
  hello: z.strictObject({
    kind: z.literal('hello'),
    protocol: count,
    worker: z.string().regex(/^[\w.:-]{1,64}$/),
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
} as const;

export const coordinatorSchemas = {
  welcome: z.strictObject({ kind: z.literal('welcome'), ...run, protocol: count, config: text(1 << 16) }),
  weights: z.strictObject({ kind: z.literal('weights'), ...run, network, version: count }),
  work: z.strictObject({ kind: z.literal('work'), ...round, subtrees: ranges }),
  finish: z.strictObject({ kind: z.literal('finish'), ...run }),
  reject: z.strictObject({
    kind: z.literal('reject'),
    reason: z.enum([
      'protocol-version', 'name-taken', 'engine-differs', 'layout-differs', 'probe-differs', 'unexpected-message', 'malformed-message',
    ]),
    sentence: text(2000),
  }),
} as const;
