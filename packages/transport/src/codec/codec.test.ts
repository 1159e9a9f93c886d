import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CoordinatorMessage, WorkerMessage } from '../protocol.ts';
import { decodeCoordinatorHeader, decodeWorkerHeader, defaultLimits, encodeMessage } from './codec.ts';
import { ProtocolError } from './protocol-error.ts';
import { createInbox, createOutbox, chunkBytes, initialCredit } from './stream.ts';

const run = { run: 'r', incarnation: 1, membership: 2 };
const round = { ...run, step: 3, phase: 'generator' as const, turn: 0, lease: 4, weightsVersions: { generator: 2, discriminator: 3 } };
const sha = 'a'.repeat(64);
const fromWorker: WorkerMessage[] = [
  { kind: 'hello', protocol: 1, worker: 'w-1' },
  { kind: 'ready', ...run, engine: 'graph', tensorflow: '2', device: 'CPU', threads: 1, layouts: { generator: sha, discriminator: sha }, probes: { 'generator-forward': sha }, graphs: { a: '' } },
  {
    kind: 'contribution', ...round, subtrees: [{ start: 0, end: 2 }], losses: [{ shard: 0, loss: NaN, penalty: 0 }],
    computeMs: 1.5, waitingMs: 0, sums: [Float32Array.of(1, -2)],
  },
  { kind: 'leave', ...run },
  { kind: 'failed', ...round, shard: 1, reason: 'not-finite', sentence: 'NaN' },
];
const fromCoordinator: CoordinatorMessage[] = [
  { kind: 'welcome', ...run, protocol: 1, config: '{}' },
  { kind: 'weights', ...run, network: 'generator', version: 7, values: Float32Array.of(1, 2, 3) },
  { kind: 'work', ...round, subtrees: [{ start: 1, end: 2 }], images: Uint8Array.of(9, 8) },
  { kind: 'work', ...round, subtrees: [{ start: 1, end: 2 }], images: new Uint8Array(0) },
  { kind: 'finish', ...run },
  { kind: 'reject', reason: 'probe-differs', sentence: 'other bits' },
];

function deliver(message: WorkerMessage | CoordinatorMessage, decode: typeof decodeWorkerHeader | typeof decodeCoordinatorHeader) {
  const outbox = createOutbox();
  outbox.add(message);
  const inbox = createInbox<WorkerMessage | CoordinatorMessage>(decode, defaultLimits);
  for (;;) {
    const frame = outbox.next();
    if (frame === undefined || !('bytes' in frame)) throw new Error('the message never became whole');
    const whole = inbox.accept(frame.kind, frame.bytes);
    if (whole !== undefined) return whole;
  }
}

it.each(fromWorker)('brings $kind from a worker unchanged', (message) => {
  expect(deliver(message, decodeWorkerHeader)).toEqual(message);
});
it.each(fromCoordinator)('brings $kind from a coordinator unchanged', (message) => {
  expect(deliver(message, decodeCoordinatorHeader)).toEqual(message);
});

it('answers any bytes with a message or a ProtocolError, nothing else', () => {
  const headers = [...fromWorker, ...fromCoordinator].map((message) => encodeMessage(message).header);
  const mutated = fc
    .tuple(fc.constantFrom(...headers), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }), fc.nat(400))
    .map(([header, changes, length]) => {
      const bytes = header.slice(0, length);
      for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      for (const decode of [decodeWorkerHeader, decodeCoordinatorHeader]) {
        try {
          decode(bytes, defaultLimits);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }),
    { numRuns: 5000 },
  );
});

it('refuses a field that is unknown, missing or of another type', () => {
  const decode = (change: object) => () =>
    decodeWorkerHeader(encodeMessage({ ...fromWorker[1], ...change } as WorkerMessage).header, defaultLimits);
  expect(decode({ extra: 1 })).toThrow('Unrecognized key');
  expect(decode({ threads: -1 })).toThrow('threads');
  expect(decode({ threads: 1.5 })).toThrow('threads');
  expect(decode({ kind: 'hello' })).toThrow('hello');
  expect(decode({ engine: undefined })).toThrow('engine');
});

it('sends no more chunks than were granted, and the next message only behind the last', () => {
  const outbox = createOutbox();
  outbox.add({ kind: 'weights', ...run, network: 'generator', version: 1, values: new Float32Array((chunkBytes / 4) * (initialCredit + 2)) });
  outbox.add({ kind: 'finish', ...run });
  const kinds = () => {
    const seen: string[] = [];
    for (let frame = outbox.next(); frame !== undefined; frame = outbox.next()) seen.push(frame.kind);
    return seen.join('');
  };
  expect(kinds()).toBe(`H${'C'.repeat(initialCredit)}`);
  outbox.grant();
  expect(kinds()).toBe('C');
  outbox.grant();
  expect(kinds()).toBe('CH');
});
