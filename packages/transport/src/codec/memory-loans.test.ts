import { expect, it, vi } from 'vitest';
import { createPlainSharing, type PlainSharing } from '../testing/plain-sharing.ts';
import { decodeCoordinatorHeader, defaultLimits, encodeMessage } from './codec.ts';
import type { MemoryFrame } from './frame.ts';
import { createInbox } from './inbox.ts';
import { createMemoryLoans, type MemoryLoans } from './memory-loans.ts';

const floats = 20_000;

/** Two ends whose frames arrive immediately. */
function connect(
  left: PlainSharing,
  right: PlainSharing | undefined,
  onRefused?: (sentence: string) => void,
): [MemoryLoans, MemoryLoans] {
  const ends: MemoryLoans[] = [];
  const to = (k: number) => (frame: MemoryFrame) => ends[k].accept(frame.kind, frame.bytes);
  ends.push(
    createMemoryLoans({ sharing: () => left, push: to(1), onRefused }),
    createMemoryLoans({ sharing: () => right, push: to(0) }),
  );
  return [ends[0], ends[1]];
}

it('lends nothing before the other end has read the block that it was offered', () => {
  const sharing = createPlainSharing();
  const [loans] = connect(sharing, sharing);
  const array = sharing.allocate(floats) as Float32Array;
  expect(loans.lend(array)).toBeUndefined();
  loans.offer();
  expect(loans.lend(array)).toMatchObject({ name: expect.stringMatching(/^lstm-gan-/) });
});

it('uses blocks again that are given back: a thousand messages take as many as one', () => {
  const sharing = createPlainSharing();
  const [loans, other] = connect(sharing, sharing);
  loans.offer();
  const before = sharing.made();
  for (let message = 0; message < 1000; message++) {
    const array = sharing.allocate(floats) as Float32Array;
    const borrowed = [0, 1].map(() => other.borrow(loans.lend(array) as never, floats));
    sharing.release(array);
    expect(sharing.inUse()).toBe(1);
    for (const one of borrowed) sharing.release(one);
  }
  expect(sharing.made() - before).toBe(1);
});

it('takes back all blocks when the other end is gone, and never uses them again, because it may still be reading', () => {
  const sharing = createPlainSharing();
  for (let peer = 0; peer < 1000; peer++) {
    const [loans, other] = connect(sharing, sharing);
    loans.offer();
    const array = sharing.allocate(floats) as Float32Array;
    for (let k = 0; k < 3; k++) other.borrow(loans.lend(array) as never, floats);
    sharing.release(array);
    loans.close();
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
])('sends bytes if %s, and says so once', (_, right) => {
  const sharing = createPlainSharing();
  const onRefused = vi.fn();
  const [loans] = connect(sharing, right, onRefused);
  loans.offer();
  loans.offer();
  expect(onRefused.mock.calls).toEqual([[expect.stringContaining('arrays are copied')]]);
  expect(loans.lend(sharing.allocate(floats) as Float32Array)).toBeUndefined();
});

it('refuses in a sentence a block that was not lent, an answer to no offer, and a malformed frame', () => {
  const sharing = createPlainSharing();
  const loans = createMemoryLoans({ sharing: () => sharing, push: () => undefined });
  const frame = (hex: string) => Buffer.from(hex, 'hex');
  const name = Buffer.from(`lstm-gan-${'0'.repeat(16)}-7`);
  expect(() => loans.accept('F', Buffer.concat([frame('91'), Buffer.from([0xa0 + name.length]), name]))).toThrow(
    'which it was not lent',
  );
  expect(() => loans.accept('Y', Buffer.alloc(0))).toThrow('nothing was offered');
  expect(() => loans.accept('M', frame('c1'))).toThrow('malformed');
  expect(() => loans.accept('F', Buffer.alloc(1 << 17))).toThrow('at most 65536 bytes');
});

it('refuses in a sentence a reference with another length, and every reference if no memory is shared', () => {
  const sharing = createPlainSharing();
  const [loans, other] = connect(sharing, sharing);
  loans.offer();
  const array = sharing.allocate(floats) as Float32Array;
  const reference = loans.lend(array) as NonNullable<ReturnType<MemoryLoans['lend']>>;
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
  const { header, arrays } = encodeMessage(weights, loans.lend);
  expect(arrays).toEqual([]);
  const fromAfar = createInbox(decodeCoordinatorHeader, defaultLimits);
  expect(() => fromAfar.accept('H', header)).toThrow('over a connection to another machine');
  const near = createInbox(decodeCoordinatorHeader, defaultLimits, undefined, other.borrow);
  expect(near.accept('H', header)).toEqual(weights);
});

it('announces the length that an array had before lending left it empty', () => {
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
