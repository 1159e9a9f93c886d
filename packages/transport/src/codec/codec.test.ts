import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  coordinatorMessages,
  peerAnswers,
  peerMessages,
  workerMessages,
  type Message,
  type WorkerMessage,
} from '../protocol/messages.ts';
import { sampleOf, samplesOf } from '../testing/sample-messages.ts';
import {
  decodeCoordinatorHeader,
  decodePeerHeader,
  decodePeerAnswerHeader,
  decodeWorkerHeader,
  defaultLimits,
  encodeMessage,
  type DecodeHeader,
} from './codec.ts';
import { ProtocolError } from './protocol-error.ts';
import { chunkBytes, initialCredit } from './frame.ts';
import { createInbox } from './inbox.ts';
import { createOutbox } from './outbox.ts';

const contribution = sampleOf(workerMessages, 'contribution');
const sliceState = sampleOf(workerMessages, 'slice');
const weights = sampleOf(coordinatorMessages, 'weights');
const finish = sampleOf(coordinatorMessages, 'finish');

function deliver(message: Message, decode: DecodeHeader<Message>) {
  const outbox = createOutbox();
  outbox.add(message);
  const inbox = createInbox<Message>(decode, defaultLimits);
  for (;;) {
    const frame = outbox.next();
    if (frame?.kind !== 'H' && frame?.kind !== 'C') throw new Error('the message never became whole');
    const whole = inbox.accept(frame.kind, frame.bytes);
    if (whole !== undefined) return whole;
  }
}

it.each(samplesOf(workerMessages))('brings $kind from a worker unchanged', (message) => {
  expect(deliver(message, decodeWorkerHeader)).toEqual(message);
});
it.each(samplesOf(coordinatorMessages))('brings $kind from a coordinator unchanged', (message) => {
  expect(deliver(message, decodeCoordinatorHeader)).toEqual(message);
});

it.each(samplesOf(peerMessages))('brings $kind from another worker unchanged', (message) => {
  expect(deliver(message, decodePeerHeader)).toEqual(message);
});
it('brings floats that are all bfloat16 in half the bytes, over several chunks', () => {
  const values = Float32Array.from({ length: chunkBytes / 2 + 5 }, (_, i) => ((i % 255) - 127) * 2 ** ((i % 60) - 30));
  const message = { ...weights, values };
  const arrives = (sent: Message<'weights'>): boolean => {
    const { values } = deliver(sent, decodeCoordinatorHeader) as Message<'weights'>;
    return Buffer.from(values.buffer).equals(Buffer.from(sent.values.buffer));
  };
  expect(arrives(message)).toBe(true);
  const bytesOf = (sent: Message): number =>
    encodeMessage(sent).arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytesOf(message)).toBe(2 * values.length);
  const finer = values.slice().fill(1 / 3, 7, 8);
  expect(bytesOf({ ...message, values: finer })).toBe(4 * values.length);
  expect(arrives({ ...message, values: finer })).toBe(true);
});

it('brings a refusal from a listening worker unchanged, and refuses any other message from there', () => {
  const [refusal] = samplesOf(peerAnswers);
  expect(deliver(refusal, decodePeerAnswerHeader)).toEqual(refusal);
  expect(() => deliver(sampleOf(peerMessages, 'piece'), decodePeerAnswerHeader)).toThrow(
    'A message is one of reject; got piece',
  );
});

it('refuses a slice without one of its arrays, and a contribution with a sum too many', () => {
  const { header } = encodeMessage(sliceState);
  expect(() => decodePeerHeader(header, defaultLimits)).toThrow('A message is one of piece, total, renewed; got slice');
  const bare = encodeMessage({ ...sliceState, kind: 'piece', values: sliceState.weights } as unknown as Message).header;
  expect(() => decodePeerHeader(bare, defaultLimits)).toThrow('A piece message is malformed');
  const tooMany = encodeMessage({
    ...contribution,
    sums: [Float32Array.of(0.1), Float32Array.of(0.1)],
  } as WorkerMessage).header;
  expect(() => decodeWorkerHeader(tooMany, defaultLimits)).toThrow(
    'contribution message are: float32; got: float32, float32',
  );
});

it('answers any bytes with a message or a ProtocolError, nothing else', () => {
  const headers = [workerMessages, coordinatorMessages, peerMessages]
    .flatMap(samplesOf)
    .map((message) => encodeMessage(message).header);
  const mutated = fc
    .tuple(fc.constantFrom(...headers), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }), fc.nat(400))
    .map(([header, changes, length]) => {
      const bytes = header.slice(0, length);
      for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      for (const decode of [decodeWorkerHeader, decodeCoordinatorHeader, decodePeerHeader, decodePeerAnswerHeader]) {
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
    decodeWorkerHeader(
      encodeMessage({ ...sampleOf(workerMessages, 'ready'), ...change } as WorkerMessage).header,
      defaultLimits,
    );
  expect(decode({ extra: 1 })).toThrow('Unrecognized key');
  expect(decode({ threads: -1 })).toThrow('threads');
  expect(decode({ threads: 1.5 })).toThrow('threads');
  expect(decode({ kind: 'hello' })).toThrow('hello');
  expect(decode({ engine: undefined })).toThrow('engine');
});

it('sends no more chunks than were granted, and the next message only after the last', () => {
  const outbox = createOutbox();
  outbox.add({
    ...weights,
    values: new Float32Array((chunkBytes / 4) * (initialCredit + 2)).fill(0.1),
  });
  outbox.add(finish);
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
