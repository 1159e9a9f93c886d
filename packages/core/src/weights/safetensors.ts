/**
 * The safetensors format (Hugging Face): eight bytes with the header's length, a JSON header, raw little-endian data.
 * Python's `safetensors` reads what is written here. Nothing in a file is used before it is checked.
 */
import { UserError } from '../errors/user-error.ts';

/**
 * A tensor of a file: its name, its type, its shape, and its values in row-major order.
 *
 * @category Weights
 */
export type NamedTensor =
  | { readonly name: string; readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly name: string; readonly dtype: 'I32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly name: string; readonly dtype: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array };

/**
 * What a file holds.
 *
 * @category Weights
 */
export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

const arrayTypes = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;
const alignmentBytes = 64;
const maxHeaderBytes = 16 * 1024 * 1024;

/**
 * Returns the bytes of a file as a list of parts, to be written one after the other. No tensor is copied.
 *
 * @category Weights
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array[] {
  const header: Record<string, unknown> = {};
  if (metadata.size > 0) header['__metadata__'] = Object.fromEntries(metadata);
  let offset = 0;
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces pad the header so that the data begins at a multiple of 64 bytes, where readers can map it into memory.
  const padded = Math.ceil((8 + text.length) / alignmentBytes) * alignmentBytes;
  const head = new Uint8Array(padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded - 8), true);
  head.set(text, 8);
  return [head, ...tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/**
 * Reads a file. Throws a UserError if it is damaged or incomplete. A tensor is a view into `bytes` if it is aligned
 * there, otherwise a copy.
 *
 * @category Weights
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < 8) throw damaged(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > bytes.length) {
    throw damaged(`its header claims ${headerBytes} bytes, and the file has ${bytes.length}`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes));
  const data = bytes.subarray(8 + headerBytes);
  const tensors = new Map<string, NamedTensor>();
  let metadata: ReadonlyMap<string, string> = new Map();
  let end = 0;
  for (const [name, value] of header) {
    if (name === '__metadata__') {
      metadata = readMetadata(value);
      continue;
    }
    const tensor = readTensor(name, value, data);
    tensors.set(name, tensor);
    end += tensor.data.byteLength;
  }
  if (end !== data.length) throw damaged(`its tensors take ${end} bytes, and it holds ${data.length}`);
  return { metadata, tensors };
}

function parseHeader(bytes: Uint8Array): [string, unknown][] {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return Object.entries(header);
  } catch (cause) {
    throw damaged('its header is no JSON', cause);
  }
  throw damaged('its header is no JSON object');
}

function readMetadata(value: unknown): ReadonlyMap<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [['', null]];
  for (const [key, text] of entries) {
    if (typeof text !== 'string') throw damaged(`its metadata ${JSON.stringify(key)} is no text`);
  }
  return new Map(entries as [string, string][]);
}

function readTensor(name: string, value: unknown, data: Uint8Array): NamedTensor {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (dtype !== 'F32' && dtype !== 'I32' && dtype !== 'U8') {
    throw damaged(`tensor ${name} has type ${JSON.stringify(dtype)}; F32, I32 and U8 are read`);
  }
  if (!isLengths(shape) || !isLengths(offsets) || offsets.length !== 2) {
    throw damaged(`tensor ${name} has no proper shape and offsets`);
  }
  const arrayType = arrayTypes[dtype];
  const [start, stop] = offsets;
  const size = shape.reduce((product, length) => product * length, 1);
  if (stop > data.length || stop - start !== size * arrayType.BYTES_PER_ELEMENT) {
    throw damaged(`tensor ${name} claims bytes ${start} to ${stop} for [${shape.join(', ')}] of ${dtype}`);
  }
  const from = data.byteOffset + start;
  const aligned = from % arrayType.BYTES_PER_ELEMENT === 0;
  // Not `slice`: that of a Node Buffer copies nothing.
  const source = (aligned ? data.buffer : Uint8Array.from(data.subarray(start, stop)).buffer) as ArrayBuffer;
  return { name, dtype, shape, data: new arrayType(source, aligned ? from : 0, size) } as NamedTensor;
}

function isLengths(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.length <= 16 && value.every((length) => Number.isSafeInteger(length) && length >= 0)
  );
}

function damaged(what: string, cause?: unknown): UserError {
  return new UserError({
    code: 'not-safetensors',
    message: `This is not a sound safetensors file: ${what}.`,
    advice: 'Use a file that was written completely, for example an earlier checkpoint.',
    cause,
  });
}
