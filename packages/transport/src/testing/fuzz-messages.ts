/**
 * Hostile messages. Each is made from a valid message: bytes are changed, cut or repeated, fields of the header get
 * other types and values, or arrays come in chunks that do not fit. Each is a pure function of a seed and an index, so
 * a message that reveals a bug can be made again.
 */
import { statelessUniform } from '@lstm-gan/core/random';
import { Packr } from 'msgpackr';
import {
  decodeCoordinatorHeader,
  decodePeerHeader,
  decodePeerAnswerHeader,
  decodeWorkerHeader,
  encodeMessage,
  type DecodeHeader,
  type Limits,
} from '../codec/codec.ts';
import { ProtocolError } from '../codec/protocol-error.ts';
import type { Frame } from '../codec/frame.ts';
import { createInbox } from '../codec/inbox.ts';
import { coordinatorMessages, peerAnswers, peerMessages, workerMessages, type Message } from '../protocol/messages.ts';
import { samplesOf } from './sample-messages.ts';

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: false });
const messages: readonly Message[] = [workerMessages, coordinatorMessages, peerMessages, peerAnswers].flatMap(
  samplesOf,
);
// The headers are copied into Uint8Arrays. msgpackr returns Buffers, and `slice` of a Buffer returns a view, not a
// copy.
const encoded = messages
  .map((message) => encodeMessage(message))
  .map(({ header, arrays }) => ({ header: Uint8Array.from(header), arrays }));
const decoders: readonly DecodeHeader<Message>[] = [
  decodeWorkerHeader,
  decodeCoordinatorHeader,
  decodePeerHeader,
  decodePeerAnswerHeader,
];
const limits: Limits = { maxHeaderBytes: 4096, maxArrayBytes: 1 << 16, maxArrays: 16 };

/** Values that replace the value of a field. */
const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  NaN,
  Infinity,
  2 ** 53,
  -(2 ** 63),
  '',
  'x'.repeat(3000),
  '__proto__',
  [],
  {},
  [[]],
  { __proto__: null },
  { length: 1e9 },
  new Array(2000).fill(0),
  new Uint8Array(9),
];

/** Returns the next random number in [0, 1). */
type Draw = () => number;

function createDraw(seed: number, index: number): Draw {
  let [values, used]: [Float32Array, number] = [new Float32Array(0), 0];
  return () => {
    if (used === values.length)
      [values, used] = [statelessUniform([seed, index * 64 + (values.length === 0 ? 0 : 1)], 64), 0];
    return values[used++];
  };
}

const pick = <T>(draw: Draw, list: readonly T[]): T => list[Math.floor(draw() * list.length)];

function mutateBytes(draw: Draw, bytes: Uint8Array): Uint8Array {
  const kind = draw();
  if (kind < 0.2) return bytes.slice(0, Math.floor(draw() * bytes.length));
  if (kind < 0.3) return Uint8Array.from([...bytes, ...bytes.slice(Math.floor(draw() * bytes.length))]);
  if (kind < 0.35) return Uint8Array.from({ length: Math.floor(draw() * 64) }, () => Math.floor(draw() * 256));
  const mutated = bytes.slice();
  for (let k = 0; k <= draw() * 6; k++) mutated[Math.floor(draw() * mutated.length)] = Math.floor(draw() * 256);
  return mutated;
}

/**
 * Returns the header with one field changed, at a random depth: the field has another value, is missing, or is
 * additional.
 */
function mutateFields(draw: Draw, header: Uint8Array): Uint8Array {
  const parts = packr.unpack(header) as unknown[];
  let [parent, key]: [Record<string, unknown>, string] = [
    parts as unknown as Record<string, unknown>,
    String(Math.floor(draw() * 2)),
  ];
  for (let depth = 0; depth < 4 && draw() < 0.8; depth++) {
    const child = parent[key];
    if (typeof child !== 'object' || child === null || Object.keys(child).length === 0) break;
    [parent, key] = [child as Record<string, unknown>, pick(draw, Object.keys(child))];
  }
  const kind = draw();
  if (kind < 0.2) delete parent[key];
  else if (kind < 0.35) parent[pick(draw, ['constructor', 'toString', 'extra', '0', 'kind'])] = pick(draw, oddValues);
  else parent[key] = pick(draw, oddValues);
  return packr.pack(parts);
}

/** The frames of one hostile message. */
export function fuzzFrames(seed: number, index: number): Extract<Frame, { bytes: Uint8Array }>[] {
  const draw = createDraw(seed, index);
  const { header, arrays } = pick(draw, encoded);
  const how = draw();
  const mutated = how < 0.1 ? header : how < 0.6 ? mutateFields(draw, header) : mutateBytes(draw, header);
  const chunks = arrays.map((array): Extract<Frame, { bytes: Uint8Array }> => ({
    kind: 'C',
    bytes: draw() < 0.7 ? array : mutateBytes(draw, array),
  }));
  const frames: Extract<Frame, { bytes: Uint8Array }>[] = [{ kind: 'H', bytes: mutated }, ...chunks];
  return draw() < 0.9 ? frames : [...frames, pick(draw, frames)];
}

export interface Verdicts {
  accepted: number;
  refused: number;
}

/**
 * Gives the frames to each kind of receiver, and counts the verdicts. Throws if a receiver throws anything but a
 * ProtocolError, or if an accepted message changes when it is encoded and decoded again.
 */
export function tryFrames(frames: readonly Extract<Frame, { bytes: Uint8Array }>[], verdicts: Verdicts): void {
  for (const decode of decoders) {
    const inbox = createInbox<Message>(decode, limits);
    try {
      for (const { kind, bytes } of frames) {
        const message = kind === 'H' || kind === 'C' ? inbox.accept(kind, bytes) : undefined;
        if (message === undefined) continue;
        verdicts.accepted += 1;
        checkAgain(message, decode);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      verdicts.refused += 1;
    }
  }
}

function checkAgain(message: Message, decode: DecodeHeader<Message>): void {
  const again = encodeMessage(message);
  const inbox = createInbox<Message>(decode, limits);
  let copy = inbox.accept('H', again.header);
  for (const array of again.arrays) if (array.length > 0) copy = inbox.accept('C', array) ?? copy;
  const bytes = ({ header, arrays }: typeof again): string => Buffer.concat([header, ...arrays]).toString('latin1');
  if (copy === undefined || bytes(encodeMessage(copy)) !== bytes(again))
    throw new Error(`A ${message.kind} message was accepted, and is another when it is sent on.`);
}
