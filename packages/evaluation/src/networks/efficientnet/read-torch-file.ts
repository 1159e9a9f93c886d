/**
 * Reads the tensors of a file that PyTorch's `torch.save` wrote before version 1.6: four pickles (a magic number, the
 * format's version, facts about the machine, a dictionary of tensors), a pickle with a list of keys, and the numbers of
 * each storage. A pickle is a program for a stack machine. Only the instructions that such a file needs are known here,
 * and they make nothing but lists, dictionaries, numbers, texts and tensors: nothing of the file is run.
 */
import { UserError } from '@lstm-gan/core/errors';

/** A tensor of a file, its numbers in row-major order. */
export interface TorchTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const magicNumber = '1950a86a20f9469cfc6c';
const mostObjects = 100_000;
const mostDimensions = 8;

/** What a pickle may name. */
const globals = {
  'collections OrderedDict': 'dictionary',
  'torch._utils _rebuild_tensor_v2': 'tensor',
  'torch FloatStorage': 'floats',
  'torch LongStorage': 'integers',
} as const;
type Global = { readonly global: (typeof globals)[keyof typeof globals] };

/** A storage of numbers: 4 bytes each if they are floats, otherwise 8. */
interface Storage {
  readonly key: string;
  readonly bytesEach: 4 | 8;
  readonly count: number;
}

interface TensorPlan {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  /** How far apart in the storage the neighbours along each axis are. */
  readonly strides: readonly number[];
}

type Value =
  | null
  | boolean
  | number
  | string
  | Value[]
  | Map<Value, Value>
  | { readonly storage: Storage }
  | { readonly plan: TensorPlan }
  | Global;

/** The float tensors of a file, by name. Throws a UserError if it is not such a file, or is damaged. */
export function readTorchFile(bytes: Uint8Array): Map<string, TorchTensor> {
  const cursor = new Cursor(bytes);
  if (readPickle(cursor) !== magicNumber) throw damaged('it does not begin with the magic number');
  if (readPickle(cursor) !== 1001) throw damaged('it has another version of the format');
  const machine = readPickle(cursor);
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) throw damaged('it is not little-endian');
  const dictionary = readPickle(cursor);
  const keys = readPickle(cursor);
  if (!(dictionary instanceof Map) || !Array.isArray(keys)) throw damaged('it has no dictionary of tensors');
  const plans = [...dictionary].map(([name, value]): [string, TensorPlan] => {
    if (typeof name !== 'string' || value === null || typeof value !== 'object' || !('plan' in value))
      throw damaged(`${String(name)} is no tensor`);
    return [name, value.plan];
  });
  const storages = new Map(plans.map(([, { storage }]) => [storage.key, storage]));
  const places = new Map<string, number>();
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined) throw damaged('it has numbers of no tensor');
    if (cursor.integer64() !== storage.count) throw damaged(`storage ${storage.key} has another length`);
    places.set(storage.key, cursor.skip(storage.count * storage.bytesEach));
  }
  cursor.expectEnd();
  const floats = plans.filter(([, { storage }]) => storage.bytesEach === 4);
  return new Map(floats.map(([name, plan]) => [name, tensorOf(bytes, name, plan, places.get(plan.storage.key))]));
}

function tensorOf(
  bytes: Uint8Array,
  name: string,
  { storage, offset, shape, strides }: TensorPlan,
  place: number | undefined,
): TorchTensor {
  const count = shape.reduce((product, length) => product * length, 1);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], offset);
  if (place === undefined || count > storage.count || last >= storage.count) throw damaged(`${name} has no numbers`);
  const numbers = new DataView(bytes.buffer, bytes.byteOffset + place);
  const data = new Float32Array(count);
  const index = shape.map(() => 0);
  for (let k = 0; k < count; k++) {
    const at = index.reduce((sum, step, axis) => sum + step * strides[axis], offset);
    data[k] = numbers.getFloat32(4 * at, true);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return { shape, data };
}

/** A place in bytes. Throws if more is read than there is. */
class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #place = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Passes over some bytes, and returns where they begin. */
  skip(count: number): number {
    const start = this.#place;
    if (count < 0 || start + count > this.#bytes.length) throw damaged('it ends too early');
    this.#place += count;
    return start;
  }

  byte(): number {
    return this.#bytes[this.skip(1)];
  }

  /** An unsigned number of 2 or 4 bytes. */
  unsigned(size: 2 | 4): number {
    const start = this.skip(size);
    return size === 2 ? this.#view.getUint16(start, true) : this.#view.getUint32(start, true);
  }

  integer32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  integer64(): number {
    return Number(this.#view.getBigInt64(this.skip(8), true));
  }

  text(count: number): string {
    const start = this.skip(count);
    return Buffer.from(this.#bytes.subarray(start, start + count)).toString('utf8');
  }

  /** The hexadecimal digits of a number of some bytes. */
  hexadecimal(count: number): string {
    const start = this.skip(count);
    return Buffer.from(this.#bytes.slice(start, start + count).reverse()).toString('hex');
  }

  line(): string {
    const end = this.#bytes.indexOf(10, this.#place);
    if (end < 0) throw damaged('it ends too early');
    const text = this.text(end - this.#place);
    this.skip(1);
    return text;
  }

  expectEnd(): void {
    if (this.#place !== this.#bytes.length) throw damaged('it is longer than its tensors');
  }
}

const mark = Symbol('mark');

/** Runs one pickle to its end, and returns what it makes. */
function readPickle(cursor: Cursor): Value {
  const stack: (Value | typeof mark)[] = [];
  const memo = new Map<number, Value>();
  const pop = (): Value => {
    const value = stack.pop();
    if (value === undefined || value === mark) throw damaged('a pickle takes what it has not made');
    return value as Value;
  };
  const top = (): Value => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const popToMark = (): Value[] => {
    const start = stack.lastIndexOf(mark);
    if (start < 0) throw damaged('a pickle takes what it has not made');
    return stack.splice(start).slice(1) as Value[];
  };
  const remembered = (index: number): Value => {
    const value = memo.get(index);
    if (value === undefined) throw damaged('a pickle names what it has not made');
    return value;
  };
  const setItems = (items: readonly Value[]): void => {
    const dictionary = top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw damaged('a pickle fills no dictionary');
    for (let k = 0; k < items.length; k += 2) dictionary.set(items[k], items[k + 1]);
  };
  const instructions: Readonly<Record<number, () => unknown>> = {
    0x80: () => cursor.byte() === 2 || fail('it has another version of pickles'), // PROTO
    0x8a: () => stack.push(cursor.hexadecimal(cursor.byte())), // LONG1
    0x4d: () => stack.push(cursor.unsigned(2)), // BININT2
    0x4b: () => stack.push(cursor.byte()), // BININT1
    0x4a: () => stack.push(cursor.integer32()), // BININT
    0x58: () => stack.push(cursor.text(cursor.unsigned(4))), // BINUNICODE
    0x4e: () => stack.push(null), // NONE
    0x88: () => stack.push(true), // NEWTRUE
    0x89: () => stack.push(false), // NEWFALSE
    0x7d: () => stack.push(new Map()), // EMPTY_DICT
    0x5d: () => stack.push([]), // EMPTY_LIST
    0x29: () => stack.push([]), // EMPTY_TUPLE
    0x28: () => stack.push(mark), // MARK
    0x71: () => memo.set(cursor.byte(), top()), // BINPUT
    0x72: () => memo.set(cursor.unsigned(4), top()), // LONG_BINPUT
    0x68: () => stack.push(remembered(cursor.byte())), // BINGET
    0x6a: () => stack.push(remembered(cursor.unsigned(4))), // LONG_BINGET
    0x74: () => stack.push(popToMark()), // TUPLE
    0x85: () => stack.push([pop()]), // TUPLE1
    0x86: () => stack.push([pop(), pop()].reverse()), // TUPLE2
    0x75: () => setItems(popToMark()), // SETITEMS
    0x73: () => setItems([pop(), pop()].reverse()), // SETITEM
    // APPENDS
    0x65() {
      const items = popToMark();
      const list = top();
      if (!Array.isArray(list)) throw damaged('a pickle fills no list');
      list.push(...items);
    },
    // GLOBAL
    0x63() {
      const name = `${cursor.line()} ${cursor.line()}`;
      if (!Object.hasOwn(globals, name)) throw damaged(`it asks for ${JSON.stringify(name)}, which is no tensor`);
      stack.push({ global: globals[name as keyof typeof globals] });
    },
    0x51: () => stack.push(storageOf(pop())), // BINPERSID
    // REDUCE
    0x52() {
      const parameters = pop();
      stack.push(make(pop(), parameters));
    },
    // BUILD: attributes of a dictionary, which say nothing about its tensors.
    0x62() {
      if (!(pop() instanceof Map) || !(top() instanceof Map)) throw damaged('a pickle builds no dictionary');
    },
  };
  for (let count = 0; count < mostObjects; count++) {
    const instruction = cursor.byte();
    // STOP
    if (instruction === 0x2e) return pop();
    const run = instructions[instruction] as (() => unknown) | undefined;
    if (run === undefined) throw damaged(`it has the instruction 0x${instruction.toString(16)}`);
    run();
  }
  throw damaged('a pickle has too many instructions');
}

/** ('storage', type, key, device, count, null) */
function storageOf(value: Value): Value {
  const [word, type, key, , count] = Array.isArray(value) ? value : [];
  const kind = globalOf(type);
  if (word !== 'storage' || typeof key !== 'string' || !isLength(count) || (kind !== 'floats' && kind !== 'integers'))
    throw damaged('a storage is not one of numbers');
  return { storage: { key, bytesEach: kind === 'floats' ? 4 : 8, count } };
}

/** Calls what a pickle may call: makes a dictionary, or a tensor of (storage, offset, shape, strides, ...). */
function make(what: Value, parameters: Value): Value {
  const kind = globalOf(what);
  if (!Array.isArray(parameters)) throw damaged('a pickle calls without parameters');
  if (kind === 'dictionary' && parameters.length === 0) return new Map();
  const [storage, offset, shape, strides] = parameters;
  if (kind !== 'tensor' || storage === null || typeof storage !== 'object' || !('storage' in storage))
    throw damaged('it makes something else than tensors');
  if (!isLength(offset) || !isLengths(shape) || !isLengths(strides) || strides.length !== shape.length)
    throw damaged('a tensor has no proper shape');
  return { plan: { storage: storage.storage, offset, shape, strides } };
}

function globalOf(value: Value | undefined): Global['global'] | undefined {
  return value !== null && typeof value === 'object' && 'global' in value ? value.global : undefined;
}

function isLength(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isLengths(value: Value | undefined): value is number[] {
  return Array.isArray(value) && value.length <= mostDimensions && value.every(isLength);
}

function fail(what: string): never {
  throw damaged(what);
}

function damaged(what: string): UserError {
  return new UserError({
    code: 'not-torch-file',
    message: `This is not a sound file of PyTorch's tensors: ${what}.`,
    advice: 'Run the command again, so that the file is downloaded again.',
  });
}
