/**
 * The wire format of protocol buffers: the kinds of fields that GraphDef and ConfigProto have. Fields with the value 0
 * are written too.
 */
const varint = 0;
const delimited = 2;
const fixed32 = 5;

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.byteLength;
  }
  return result;
}

/** A signed integer. A negative one is written as 64 bits in two's complement. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function tag(field: number, kind: number): Uint8Array {
  return encodeVarint(field * 8 + kind);
}

export function varintField(field: number, value: number): Uint8Array {
  return concatBytes([tag(field, varint), encodeVarint(value)]);
}

export function fixed32Field(field: number, value: number): Uint8Array {
  return concatBytes([tag(field, fixed32), littleEndianFloats([value])]);
}

/** Bytes, a nested message, or packed numbers. */
export function messageField(field: number, bytes: Uint8Array): Uint8Array {
  return concatBytes([tag(field, delimited), encodeVarint(bytes.byteLength), bytes]);
}

export function textField(field: number, text: string): Uint8Array {
  return messageField(field, new TextEncoder().encode(text));
}

export function packedVarints(field: number, values: readonly number[]): Uint8Array {
  return messageField(field, concatBytes(values.map(encodeVarint)));
}

export function packedFloats(field: number, values: readonly number[]): Uint8Array {
  return messageField(field, littleEndianFloats(values));
}

function littleEndianFloats(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return new Uint8Array(view.buffer);
}
