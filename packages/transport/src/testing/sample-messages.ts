/** One valid message of every kind and shape: what decoding is tested with, and what fuzzing begins from. */
import type { CoordinatorMessage, PeerMessage, Reject, WorkerMessage } from '../protocol.ts';

export const run = { run: 'r', incarnation: 1, membership: 2 };
const place = { step: 3, phase: 'generator' as const, turn: 0 };
const weightsVersions = { generator: 2, discriminator: 3 };
const round = { ...run, ...place, crew: 5, lease: 4, weightsVersions };
const sha = 'a'.repeat(64);
export const sliceState = {
  kind: 'slice' as const,
  ...run,
  gathering: 1,
  network: 'generator' as const,
  slice: 2,
  updates: 7,
  beta1Power: 0.5,
  beta2Power: 0,
  weights: Float32Array.of(1),
  firstMoments: Float32Array.of(2),
  secondMoments: Float32Array.of(3),
  ema: new Float32Array(0),
};
export const fromWorker: WorkerMessage[] = [
  { kind: 'hello', protocol: 1, worker: 'w-1' },
  {
    kind: 'ready',
    ...run,
    engine: 'graph',
    tensorflow: '2',
    device: 'CPU',
    threads: 1,
    layouts: { generator: sha, discriminator: sha },
    probes: { 'generator-forward': sha },
    graphs: { a: '' },
    peer: null,
  },
  {
    kind: 'contribution',
    ...round,
    subtrees: [{ start: 0, end: 2 }],
    losses: [{ shard: 0, loss: NaN, penalty: 0 }],
    computeMs: 1.5,
    waitingMs: 0,
    sums: [Float32Array.of(1, -2)],
  },
  {
    kind: 'contribution',
    ...round,
    subtrees: [{ start: 0, end: 2 }],
    losses: [],
    computeMs: 1.5,
    waitingMs: 0,
    sums: [],
  },
  { kind: 'leave', ...run },
  { kind: 'failed', ...round, shard: 1, reason: 'not-finite', sentence: 'NaN' },
  { kind: 'settled', ...run, crew: 5 },
  { kind: 'updated', ...run, ...place, crew: 5, updateMs: 2.5, notFinite: 'lstm/kernel' },
  { kind: 'unreachable', ...run, crew: 5, worker: 'w-2', sentence: 'It is gone.' },
  sliceState,
];
export const fromCoordinator: CoordinatorMessage[] = [
  { kind: 'welcome', ...run, protocol: 1, exchange: 'sliced', config: '{}' },
  { kind: 'weights', ...run, network: 'generator', version: 7, values: Float32Array.of(1, 2, 3) },
  { kind: 'work', ...round, subtrees: [{ start: 1, end: 2 }], images: Uint8Array.of(9, 8) },
  { kind: 'work', ...round, subtrees: [{ start: 1, end: 2 }], images: new Uint8Array(0) },
  { kind: 'finish', ...run },
  { kind: 'reject', reason: 'probe-differs', sentence: 'other bits' },
  {
    kind: 'crew',
    ...run,
    crew: 5,
    weightsVersions,
    self: 0,
    owners: { generator: [0, 1], discriminator: [0] },
    backups: { generator: [1, 0], discriminator: [-1] },
    members: [
      { name: 'w-1', address: 'tcp://10.0.0.1:4321', publicKey: 'k'.repeat(40) },
      { name: 'w-2', address: 'ipc:///tmp/x', publicKey: 'memory-1' },
    ],
  },
  { kind: 'begin', ...run, ...place, crew: 5, weightsVersions },
  { kind: 'gather', ...run, gathering: 2, weightsVersions, slices: { generator: [0, 3], discriminator: [] } },
  sliceState,
];
const between = { run: 'r', incarnation: 1, ...place, crew: 5, slice: 3, values: Float32Array.of(4, 5) };
export const fromPeers: PeerMessage[] = [
  { kind: 'piece', ...between, range: { start: 0, end: 2 } },
  { kind: 'total', ...between },
  { kind: 'renewed', ...between },
];
export const refusal: Reject = { kind: 'reject', reason: 'malformed-message', sentence: 'What?' };
