/**
 * Everything that a coordinator and its workers say to each other. To add a message, add one entry to one of the tables
 * below. The type, check, encoding and tests of the message follow from the entry. `protocolVersion` is raised whenever
 * a program of an older version could misread a message.
 *
 *   worker       coordinator
 *   hello    ->             who I am
 *            <-  welcome    the run's configuration
 *   ready    ->             I have built the run: what I run on, layouts and probe hashes
 *            <-  weights, work ...          (or reject)
 *   contribution ->
 *            <-  finish
 *
 * In the sliced exchange every worker of the crew folds and updates some slices of the weights. The coordinator seeds
 * the crew, and says when a round begins. Each member says when it has the result of the round. The coordinator gathers
 * the state of all slices when it needs the state, for example for a checkpoint:
 *
 *            <-  crew, weights, seed ...    (who takes part, who owns what; the state)
 *   settled  ->
 *            <-  begin, work
 *   contribution (without sums), updated  ->
 *            <-  gather
 *   slice ... ->
 *
 * About a slice, workers say to each other: piece (a slice of a partial sum, to the slice's owner), total (the slice of
 * the folded sum, from the owner to the backup), renewed (the slice's new weights, from the owner to the others).
 *
 * A message is a plain object with a literal `kind`. Its arrays travel as raw frames after a msgpack header that holds
 * all other fields (see encodeMessage).
 */
import { z } from 'zod';
import { message, type MessageOf } from './message-entry.ts';
import {
  count,
  crewMember,
  exchange,
  hashes,
  layoutHashes,
  memberNumber,
  milliseconds,
  network,
  peerAddress,
  roundHeader,
  place,
  runHeader,
  sentence,
  sha256,
  shard,
  shardLosses,
  sliceHeader,
  sliceNumber,
  sliceNumbers,
  sliceTable,
  subtree,
  subtrees,
  text,
  weightsVersions,
  worker,
} from './shared-fields.ts';

/** The version of the protocol. Both ends of a link must have the same version. */
export const protocolVersion = 12;

/** Why a worker is refused, as codes for programs. */
export const rejectReasons = [
  'protocol-version',
  'name-taken',
  'model-differs',
  'engine-differs',
  'layout-differs',
  'probe-differs',
  'unexpected-message',
  'unreachable',
  'malformed-message',
] as const;
/** One of `rejectReasons`. */
export type RejectReason = (typeof rejectReasons)[number];

// Values that several samples contain.
const sampleRun = { run: 'r', incarnation: 1, membership: 2 };
const samplePlace = { step: 3, phase: 'generator', turn: 0 } as const;
const sampleVersions = { generator: 2, discriminator: 3 };
const sampleRound = { ...sampleRun, ...samplePlace, crew: 5, lease: 4, weightsVersions: sampleVersions };
const sampleSubtree = { start: 0, end: 2 };
const sampleSha256 = 'a'.repeat(64);
const sampleSlice = { run: 'r', incarnation: 1, ...samplePlace, crew: 5, slice: 3, values: Float32Array.of(4, 5) };

/** All that training keeps of one slice. `ema` is empty for the discriminator. */
const sliceState = {
  fields: {
    network,
    slice: sliceNumber,
    updates: count,
    beta1Power: z.number().min(0).max(1),
    beta2Power: z.number().min(0).max(1),
  },
  arrays: { weights: 'float32', firstMoments: 'float32', secondMoments: 'float32', ema: 'float32' },
} as const;
const sampleSliceState = {
  network: 'generator',
  slice: 2,
  updates: 7,
  beta1Power: 0.5,
  beta2Power: 0,
  weights: Float32Array.of(1),
  firstMoments: Float32Array.of(2),
  secondMoments: Float32Array.of(3),
  ema: new Float32Array(0),
} as const;

/** The worker may not join the run, or may not stay in it. */
const reject = message({
  fields: {
    reason: z.enum(rejectReasons),
    /** Says what the coordinator got, what it expected, and what to do. */
    sentence,
  },
  samples: [{ reason: 'probe-differs', sentence: 'other bits' }],
});

/** All that a worker says to its coordinator. */
export const workerMessages = {
  /** A worker's first message. */
  hello: message({
    fields: {
      protocol: count,
      /** The worker's name, unique in the run. Log lines and errors contain it. */
      worker,
      /** SHA-256 of the file from which the worker has networks of a user's own. Missing if it has none. */
      model: sha256.optional(),
    },
    samples: [
      { protocol: 1, worker: 'w-1' },
      { protocol: 1, worker: 'w-2', model: sampleSha256 },
    ],
  }),

  /**
   * The worker has built what the run asks for. The coordinator lets the worker in if its engine and layouts equal the
   * run's. In a strict run, its probes must be equal, too.
   */
  ready: message({
    fields: {
      ...runHeader,
      engine: text(32),
      tensorflow: text(64),
      device: text(256),
      threads: count,
      layouts: layoutHashes,
      /** For each unit, by name: SHA-256 of the unit's outputs on the fixed probe input. */
      probes: hashes,
      /** For each unit, by name: SHA-256 of the unit's GraphDef; empty if the engine builds no graph. */
      graphs: hashes,
      /** Where other workers reach this worker in the sliced exchange; null in the star. */
      peer: peerAddress.nullable(),
    },
    samples: [
      {
        ...sampleRun,
        engine: 'graph',
        tensorflow: '2',
        device: 'CPU',
        threads: 1,
        layouts: { generator: sampleSha256, discriminator: sampleSha256 },
        probes: { 'generator-forward': sampleSha256 },
        graphs: { a: '' },
        peer: null,
      },
    ],
  }),

  /** What a worker gives back for a lease. */
  contribution: message({
    fields: {
      ...roundHeader,
      subtrees,
      losses: z.array(shardLosses).max(1 << 16),
      /** Time in which the worker computed the lease, with the time for the shards that it started ahead. */
      computeMs: milliseconds,
      /** Time without anything to compute, since the worker's previous contribution. */
      waitingMs: milliseconds,
    },
    /**
     * One partial sum for each subtree, in the layout of the phase's network. In the sliced exchange the list is empty,
     * because the partial sums go to the owners of the slices.
     */
    arrays: { sums: { listOf: 'float32', oneForEach: 'subtrees' } },
    samples: [
      {
        ...sampleRound,
        subtrees: [sampleSubtree],
        losses: [{ shard: 0, loss: NaN, penalty: 0 }],
        computeMs: 1.5,
        waitingMs: 0,
        sums: [Float32Array.of(1, -2)],
      },
      { ...sampleRound, subtrees: [sampleSubtree], losses: [], computeMs: 1.5, waitingMs: 0, sums: [] },
    ],
  }),

  /**
   * The worker wants to leave, because it was asked to stop. It still returns the contribution for its current lease.
   * The coordinator answers with `finish` when the run no longer needs the worker: in the star, after the current
   * lease; in the sliced exchange, when other workers have the worker's slices.
   */
  leave: message({ fields: runHeader, samples: [sampleRun] }),

  /** The worker cannot go on, because of NaN or an error of the engine. */
  failed: message({
    fields: {
      ...roundHeader,
      shard,
      reason: z.enum(['not-finite', 'engine']),
      /** What happened, in a sentence for people. */
      sentence,
    },
    samples: [{ ...sampleRound, shard: 1, reason: 'not-finite', sentence: 'NaN' }],
  }),

  /**
   * Sliced: the worker has all weights, and all slices that it owns or backs up in the crew, and it lets the other
   * members connect.
   */
  settled: message({ fields: { ...runHeader, crew: count }, samples: [{ ...sampleRun, crew: 5 }] }),

  /**
   * Sliced: the worker has all new weights of a round, and has updated the slices that it owns and backs up. If
   * `notFinite` is not null, the worker sends this message without waiting for the rest of the weights.
   */
  updated: message({
    fields: {
      ...runHeader,
      ...place,
      crew: count,
      /** The worker's time for folds and updates in this round, without the moving averages. */
      updateMs: milliseconds,
      /**
       * The name of a layout entry whose new weights are not all finite, so that training cannot go on. Null if the
       * worker has found no such entry in the slices that it owns.
       */
      notFinite: text(256).nullable(),
    },
    samples: [{ ...sampleRun, ...samplePlace, crew: 5, updateMs: 2.5, notFinite: 'lstm/kernel' }],
  }),

  /** Sliced: the worker could never reach another member of its crew, or can no longer reach that member. */
  unreachable: message({
    fields: {
      ...runHeader,
      crew: count,
      /** The name of the member that cannot be reached. */
      worker,
      sentence,
    },
    samples: [{ ...sampleRun, crew: 5, worker: 'w-2', sentence: 'It is gone.' }],
  }),

  /** Sliced: the state of one slice. It answers the `gather` message with the same `gathering` number. */
  slice: message({
    fields: { ...runHeader, gathering: count, ...sliceState.fields },
    arrays: sliceState.arrays,
    samples: [{ ...sampleRun, gathering: 1, ...sampleSliceState }],
  }),
};

/** All that a coordinator says to a worker. */
export const coordinatorMessages = {
  /** The coordinator's answer to hello. */
  welcome: message({
    fields: {
      ...runHeader,
      protocol: count,
      exchange,
      /** The RunConfig as JSON text; package `run` checks it. */
      config: text(1 << 18),
    },
    samples: [{ ...sampleRun, protocol: 1, exchange: 'sliced', config: '{}' }],
  }),

  /** The weights of one network, in its layout. */
  weights: message({
    fields: { ...runHeader, network, version: count },
    arrays: { values: 'float32' },
    samples: [{ ...sampleRun, network: 'generator', version: 7, values: Float32Array.of(1, 2, 3) }],
  }),

  /** A lease: which shards of which phase to compute. */
  work: message({
    fields: {
      ...roundHeader,
      subtrees,
      /** For each of the images, the number of its class. Empty if the data have no labels. */
      labels: z.array(count).max(1 << 18),
    },
    /**
     * Real images as uint8 [shards of the lease x shardSize, H, W, C], in the order of `subtrees`. A discriminator
     * phase gets its own images. A generator phase gets the images of the next step's first phase, so that the worker
     * can start on real images while the generator's weights travel; in the last step there are none. If the loss
     * compares real images with fake ones, a generator phase first gets those of the step's last discriminator phase.
     * The labels are in the same order.
     */
    arrays: { images: 'uint8' },
    samples: [
      { ...sampleRound, subtrees: [{ start: 1, end: 2 }], labels: [3, 0], images: Uint8Array.of(9, 8) },
      { ...sampleRound, subtrees: [{ start: 1, end: 2 }], labels: [], images: new Uint8Array(0) },
    ],
  }),

  /** The worker may go, because training has ended or because the worker asked to leave. */
  finish: message({
    fields: {
      ...runHeader,
      /** Whether the run has reached its end. False if it was stopped before, and if only this worker leaves. */
      complete: z.boolean(),
    },
    samples: [{ ...sampleRun, complete: true }],
  }),

  reject,

  /**
   * Sliced: who takes part from now on, and who owns and backs up which slice. Weights and slices that a member lacks
   * follow as `weights` and `seed` messages.
   */
  crew: message({
    fields: {
      ...runHeader,
      /** The number of the crew. The first crew after a start of the coordinator has number 1. */
      crew: count,
      /**
       * The versions of the weights from which the run goes on. A member drops weights and slices of any other version,
       * for example newer ones from a round that is repeated.
       */
      weightsVersions,
      members: z.array(crewMember).min(1).max(1024),
      /** The receiver's index in `members`. */
      self: memberNumber,
      owners: sliceTable,
      /** For each slice, its backup: the member that applies the same updates as the slice's owner. */
      backups: sliceTable,
    },
    samples: [
      {
        ...sampleRun,
        crew: 5,
        weightsVersions: sampleVersions,
        self: 0,
        owners: { generator: [0, 1], discriminator: [0] },
        backups: { generator: [1, 0], discriminator: [-1] },
        members: [
          { name: 'w-1', address: 'tcp://10.0.0.1:4321', publicKey: 'k'.repeat(40) },
          { name: 'w-2', address: 'ipc:///run/w-2', publicKey: 'memory-1' },
        ],
      },
    ],
  }),

  /**
   * Sliced: a round begins. Every member of the crew has the weights of `weightsVersions`, the result of the last
   * complete round.
   */
  begin: message({
    fields: { ...runHeader, ...place, crew: count, weightsVersions },
    samples: [{ ...sampleRun, ...samplePlace, crew: 5, weightsVersions: sampleVersions }],
  }),

  /**
   * Sliced: asks a member for the state of some slices after the updates that `weightsVersions` counts. Training may go
   * on meanwhile.
   */
  gather: message({
    fields: {
      ...runHeader,
      gathering: count,
      weightsVersions,
      /** The slices whose state the receiver is to send. */
      slices: sliceNumbers,
    },
    samples: [
      { ...sampleRun, gathering: 2, weightsVersions: sampleVersions, slices: { generator: [0, 3], discriminator: [] } },
    ],
  }),

  /** Sliced: the state of one slice, for a member that owns the slice or backs it up in crew number `crew`. */
  seed: message({
    fields: { ...runHeader, crew: count, ...sliceState.fields },
    arrays: sliceState.arrays,
    samples: [{ ...sampleRun, crew: 5, ...sampleSliceState }],
  }),
};

/** All that a worker says to another worker of its crew. `values` are the floats of the slice. */
export const peerMessages = {
  /** A slice of the partial sum of a subtree, for the slice's owner. */
  piece: message({
    fields: { ...sliceHeader, range: subtree },
    arrays: { values: 'float32' },
    samples: [{ ...sampleSlice, range: sampleSubtree }],
  }),

  /** A slice of the folded sum of a round, from the slice's owner for its backup. */
  total: message({ fields: sliceHeader, arrays: { values: 'float32' }, samples: [sampleSlice] }),

  /** A slice of the new weights of a round, from the slice's owner to all other members. */
  renewed: message({ fields: sliceHeader, arrays: { values: 'float32' }, samples: [sampleSlice] }),
};

/** All messages that a worker sends to another worker over a connection that the other worker made. */
export const peerAnswers = { reject };

/** All messages of the protocol. */
export const allMessages = { ...workerMessages, ...coordinatorMessages, ...peerMessages, ...peerAnswers };

/** Any message that a worker says to its coordinator. */
export type WorkerMessage = MessageOf<typeof workerMessages>;
/** Any message that a coordinator says to a worker. */
export type CoordinatorMessage = MessageOf<typeof coordinatorMessages>;
/** Any message that a worker says to another worker of its crew. */
export type PeerMessage = MessageOf<typeof peerMessages>;
/** Any message that a worker sends to another worker over a connection that the other worker made. */
export type PeerAnswer = MessageOf<typeof peerAnswers>;
/** Any message, or only the message of one kind, for example `Message<'hello'>`. */
export type Message<Kind extends keyof typeof allMessages = keyof typeof allMessages> = MessageOf<
  typeof allMessages,
  Kind
>;

// Short names for the message types that other files use. The entries above explain the messages and their fields.
/** A worker's first message. */
export type Hello = Message<'hello'>;
/** Says that a worker has built what the run asks for, and what the worker runs on. */
export type Ready = Message<'ready'>;
/** What a worker gives back for a lease. */
export type Contribution = Message<'contribution'>;
/** A worker met something after which it cannot go on. */
export type Failed = Message<'failed'>;
/** A member of a crew has all new weights of a round. */
export type Updated = Message<'updated'>;
/** A member of a crew cannot reach another member. */
export type Unreachable = Message<'unreachable'>;
/** The coordinator's answer to `Hello`: the run's configuration. */
export type Welcome = Message<'welcome'>;
/** The weights of one network. */
export type Weights = Message<'weights'>;
/** A lease: which shards to compute, with their real images. */
export type Work = Message<'work'>;
/** A worker may not join the run, or may not stay in it. */
export type Reject = Message<'reject'>;
/** Who takes part in the sliced exchange, and who owns and backs up which slice. */
export type Crew = Message<'crew'>;
/** A round of the sliced exchange begins. */
export type Begin = Message<'begin'>;
/** The coordinator asks a member for the state of some slices. */
export type Gather = Message<'gather'>;
/** A member's answer to `Gather`: the state of one slice. */
export type SliceState = Message<'slice'>;
/** The state of one slice, for a member that owns it or backs it up. */
export type Seed = Message<'seed'>;
