/**
 * Messages as bytes and back. The header (msgpack) holds every plain field, and the type and length of each array. The
 * arrays follow as raw bytes; if the lower half of every float in an array is zero (bfloat16), only the upper halves
 * are sent. No field of a received message is used before the message's schema has accepted it.
 */
import { packBfloat16 } from '@lstm-gan/core/weights';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import type { ElementType, MessageEntry, MessageOf, MessageTable } from '../protocol/message-entry.ts';
import {
  allMessages,
  coordinatorMessages,
  peerAnswers,
  peerMessages,
  workerMessages,
  type CoordinatorMessage,
  type Message,
  type PeerAnswer,
  type PeerMessage,
  type WorkerMessage,
} from '../protocol/messages.ts';
import { expectedElements, joinArrays, splitArrays } from './message-arrays.ts';
import { ProtocolError } from './protocol-error.ts';
import { packReference, referenceSchema, type BlockReference } from './block-reference.ts';
import type { Lend } from './memory.ts';

export interface EncodedMessage {
  readonly header: Uint8Array;
  /**
   * The arrays that travel as bytes. All but the bfloat16 arrays are views of the message's arrays, so nobody may write
   * to the message's arrays any more.
   */
  readonly arrays: readonly Uint8Array[];
}

/** bfloat16: the upper halves of float32 values whose lower halves are zeros. */
type ArrayType = ElementType | 'bfloat16';

/** An array that a header announces. */
export interface AnnouncedArray {
  readonly type: ArrayType;
  readonly length: number;
  /** Where the array lies in shared memory. Undefined if it follows as bytes. */
  readonly reference?: BlockReference;
}

/** A header that passed its checks, waiting for its arrays. */
export interface DecodedHeader<Message> {
  readonly arrays: readonly AnnouncedArray[];
  /** The whole message. The arrays have the announced lengths and types; bfloat16 is float32 again. */
  complete(arrays: readonly (Float32Array | Uint8Array)[]): Message;
}

export type DecodeHeader<Message> = (header: Uint8Array, limits: Limits) => DecodedHeader<Message>;

/** How large a message from outside may be. */
export interface Limits {
  readonly maxHeaderBytes: number;
  /** The most bytes that all arrays of one message may have together. */
  readonly maxArrayBytes: number;
  /** The most arrays that one message may have. */
  readonly maxArrays: number;
}

/** Headers of 1 MB and arrays of 2 GB: enough for the largest models that a configuration can describe. */
export const defaultLimits: Limits = { maxHeaderBytes: 1 << 20, maxArrayBytes: 2 ** 31, maxArrays: 4096 };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });

/** Splits a message into a header and its arrays. */
export function encodeMessage(message: Message, lend: Lend = () => undefined): EncodedMessage {
  const { plain, arrays } = splitArrays(allMessages[message.kind], message);
  const travelling = arrays.map((array) => {
    // The length is read before the array is lent, because lending may take the memory away and leave an empty array.
    const { length } = array;
    if (!(array instanceof Float32Array)) return { type: 'uint8', length, bytes: array } as const;
    const reference = lend(array);
    if (reference !== undefined) return { type: 'float32', length, reference } as const;
    const packed = packBfloat16(array);
    return packed === undefined
      ? ({ type: 'float32', length, bytes: bytesOf(array) } as const)
      : ({ type: 'bfloat16', length, bytes: packed } as const);
  });
  const announced = travelling.map(({ type, length, reference }) =>
    reference === undefined ? [type, length] : [type, length, packReference(reference)],
  );
  return { header: packr.pack([plain, announced]), arrays: travelling.flatMap(({ bytes }) => bytes ?? []) };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Checks a header from a worker. */
export const decodeWorkerHeader: DecodeHeader<WorkerMessage> = createHeaderDecoder(workerMessages);
/** Checks a header from a coordinator. */
export const decodeCoordinatorHeader: DecodeHeader<CoordinatorMessage> = createHeaderDecoder(coordinatorMessages);
/** Checks a header from another worker of the crew. */
export const decodePeerHeader: DecodeHeader<PeerMessage> = createHeaderDecoder(peerMessages);
/** Checks a header that another worker of the crew sends in answer. */
export const decodePeerAnswerHeader: DecodeHeader<PeerAnswer> = createHeaderDecoder(peerAnswers);

function createHeaderDecoder<Table extends MessageTable>(table: Table): DecodeHeader<MessageOf<Table>> {
  const schemas = Object.fromEntries(
    Object.entries(table).map(([kind, { fields }]) => [kind, z.strictObject({ kind: z.literal(kind), ...fields })]),
  );
  return (header, limits) => {
    const { plain, arrays } = openHeader(header, limits, schemas);
    const entry = table[plain.kind];
    checkElements(entry, plain, arrays);
    return {
      arrays,
      // The type assertion is safe: `openHeader` has checked the plain fields, and `checkElements` the types of the
      // arrays.
      complete: (values) => joinArrays(entry, plain, values) as MessageOf<Table>,
    };
  };
}

function checkElements(entry: MessageEntry, plain: PlainMessage, arrays: readonly AnnouncedArray[]): void {
  const expected = expectedElements(entry, plain, arrays.length).join(', ') || 'none';
  const got = arrays.map(({ type }) => (type === 'bfloat16' ? 'float32' : type)).join(', ') || 'none';
  if (got !== expected)
    throw new ProtocolError(`The arrays of a ${plain.kind} message are: ${expected}; got: ${got.slice(0, 200)}.`);
}

/** The plain fields of a message, checked. */
interface PlainMessage extends Readonly<Record<string, unknown>> {
  readonly kind: string;
}

type Schemas = Readonly<Record<string, z.ZodType>>;

const length = z.number().int().nonnegative();
const announcedSchema = z.array(
  z.union([
    z
      .tuple([z.enum(['float32', 'bfloat16', 'uint8']), length])
      .transform(([type, length]): AnnouncedArray => ({ type, length })),
    z
      .tuple([z.literal('float32'), length, referenceSchema])
      .transform(([type, length, reference]): AnnouncedArray => ({ type, length, reference })),
  ]),
);

function openHeader(
  header: Uint8Array,
  limits: Limits,
  schemas: Schemas,
): { plain: PlainMessage; arrays: AnnouncedArray[] } {
  if (header.byteLength > limits.maxHeaderBytes) {
    throw new ProtocolError(`A header has at most ${limits.maxHeaderBytes} bytes; got ${header.byteLength}.`);
  }
  const parts = unpack(header);
  if (!Array.isArray(parts) || parts.length !== 2) throw new ProtocolError('A header is a pair of fields and arrays.');
  const kind = (parts[0] as { kind?: unknown } | null)?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(schemas, kind)) {
    throw new ProtocolError(
      `A message is one of ${Object.keys(schemas).join(', ')}; got ${String(kind).slice(0, 64)}.`,
    );
  }
  const plain = schemas[kind].safeParse(parts[0]);
  if (!plain.success) throw new ProtocolError(`A ${kind} message is malformed: ${firstIssue(plain.error)}.`);
  const announced = announcedSchema.safeParse(parts[1]);
  if (!announced.success)
    throw new ProtocolError(`The arrays of a ${kind} message are malformed: ${firstIssue(announced.error)}.`);
  const arrays = announced.data;
  checkSize(kind, arrays, limits);
  return { plain: plain.data as PlainMessage, arrays };
}

function unpack(header: Uint8Array): unknown {
  try {
    return packr.unpack(header);
  } catch (error) {
    throw new ProtocolError(`A header is msgpack; this is not: ${(error as Error).message.slice(0, 200)}`);
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue.path.join('.') || 'message'}: ${issue.message}`.slice(0, 300);
}

function checkSize(kind: string, arrays: readonly AnnouncedArray[], limits: Limits): void {
  if (arrays.length > limits.maxArrays)
    throw new ProtocolError(`A message has at most ${limits.maxArrays} arrays; got ${arrays.length}.`);
  const bytes = arrays.reduce((sum, array) => sum + arrayBytes(array), 0);
  if (bytes > limits.maxArrayBytes) {
    throw new ProtocolError(
      `The arrays of a ${kind} message have at most ${limits.maxArrayBytes} bytes; got ${bytes}.`,
    );
  }
}

/** The bytes that an announced array takes in memory. */
export function arrayBytes({ type, length }: AnnouncedArray): number {
  return length * (type === 'uint8' ? 1 : 4);
}
