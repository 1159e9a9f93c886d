import { expect, it, vi } from 'vitest';
import { createPlainSharing, type PlainSharing } from '../testing/plain-sharing.ts';
import { decodeCoordinatorHeader, defaultLimits, encodeMessage } from './codec.ts';
import { createSharedLine, type SharedLine, type SharingFrame } from './shared-line.ts';
import { createInbox } from './stream.ts';

const floats = 20_000;

/** Two ends whose frames come at once. */
function connect(
  left: PlainSharing,
  right: PlainSharing | undefined,
  onRefused?: (sentence: string) => void,
): [SharedLine, SharedLine] {
  const ends: SharedLine[] = [];
  const to = (k: number) => (frame: SharingFrame) => ends[k].accept(frame.kind, frame.bytes);
  ends.push(
    createSharedLine({ sharing: () => left, push: to(1), onRefused }),
    createSharedLine({ sharing: () => right, push: to(0) }),
  );
  return [ends[0], ends[1]];
}

it('lends nothing before the peer has read what it was offered', () => {
  const sharing = createPlainSharing();
  const [line] = connect(sharing, sharing);
  const array = sharing.allocate(floats) as Float32Array;
  expect(line.lend(array)).toBeUndefined();
  line.offer();
  expect(line.lend(array)).toMatchObject({ name: expect.stringMatching(/^lstm-gan-/) });
});

it('uses blocks again when they are given back: a thousand messages take as many as one', () => {
  const sharing = createPlainSharing();
  const [line, other] = connect(sharing, sharing);
  line.offer();
  const before = sharing.made();
  for (let message = 0; message < 1000; message++) {
    const array = sharing.allocate(floats) as Float32Array;
    const borrowed = [0, 1].map(() => other.borrow(line.lend(array) as never, floats));
    sharing.release(array);
    expect(sharing.inUse()).toBe(1);
    for (const one of borrowed) sharing.release(one);
  }
  expect(sharing.made() - before).toBe(1);
});

it('takes back everything of a peer that is gone, and never uses it again: the peer may still be reading', () => {
  const sharing = createPlainSharing();
  for (let peer = 0; peer < 1000; peer++) {
    const [line, other] = connect(sharing, sharing);
    line.offer();
    const array = sharing.allocate(floats) as Float32Array;
    for (let k = 0; k < 3; k++) other.borrow(line.lend(array) as never, floats);
    sharing.release(array);
    line.close();
    other.close();
    expect(sharing.inUse()).toBe(0);
    const next = sharing.allocate(floats) as Float32Array;
    expect(next === array).toBe(false);
    sharing.release(next);
  }
});

it.each([
  ['the other end has no memory to read with', undefined],
  ['the other end cannot read', createPlainSharing(false)],
])('sends bytes where %s, and says so once', (_, right) => {
  const sharing = createPlainSharing();
  const onRefused = vi.fn();
  const [line] = connect(sharing, right, onRefused);
  line.offer();
  line.offer();
  expect(onRefused.mock.calls).toEqual([[expect.stringContaining('arrays are copied')]]);
  expect(line.lend(sharing.allocate(floats) as Float32Array)).toBeUndefined();
});

it('refuses in a sentence what was not lent, what was not offered, and what is malformed', () => {
  const sharing = createPlainSharing();
  const line = createSharedLine({ sharing: () => sharing, push: () => undefined });
  const frame = (hex: string) => Buffer.from(hex, 'hex');
  const name = Buffer.from(`lstm-gan-${'0'.repeat(16)}-7`);
  expect(() => line.accept('F', Buffer.concat([frame('91'), Buffer.from([0xa0 + name.length]), name]))).toThrow(
    'which it was not lent',
  );
  expect(() => line.accept('Y', Buffer.alloc(0))).toThrow('nothing was offered');
  expect(() => line.accept('M', frame('c1'))).toThrow('malformed');
  expect(() => line.accept('F', Buffer.alloc(1 << 17))).toThrow('at most 65536 bytes');
});

it('refuses in a sentence a reference to another length, and any that comes where no memory is shared', () => {
  const sharing = createPlainSharing();
  const [line, other] = connect(sharing, sharing);
  line.offer();
  const array = sharing.allocate(floats) as Float32Array;
  const reference = line.lend(array) as NonNullable<ReturnType<SharedLine['lend']>>;
  expect(() => other.borrow(reference, floats + 1)).toThrow('An array came by reference, and is not there');
  const weights = {
    kind: 'weights',
    run: 'r',
    incarnation: 1,
    membership: 1,
    network: 'generator',
    version: 1,
    values: array,
  } as const;
  const { header, arrays } = encodeMessage(weights, line.lend);
  expect(arrays).toEqual([]);
  const fromAfar = createInbox(decodeCoordinatorHeader, defaultLimits);
  expect(() => fromAfar.accept('H', header)).toThrow('over a link that leads to other machines');
  const near = createInbox(decodeCoordinatorHeader, defaultLimits, undefined, other);
  expect(near.accept('H', header)).toEqual(weights);
});

it('announces the length that an array had before it was lent, and became empty', () => {
  const sharing = createPlainSharing();
  const array = sharing.allocate(floats) as Float32Array;
  const reference = sharing.lend(array);
  const { header } = encodeMessage(
    { kind: 'weights', run: 'r', incarnation: 1, membership: 1, network: 'generator', version: 1, values: array },
    (lent) => {
      structuredClone(lent.buffer, { transfer: [lent.buffer as ArrayBuffer] });
      return reference;
    },
  );
  expect(array.length).toBe(0);
  expect(decodeCoordinatorHeader(header, defaultLimits).arrays).toEqual([
    { type: 'float32', length: floats, reference },
  ]);
});
