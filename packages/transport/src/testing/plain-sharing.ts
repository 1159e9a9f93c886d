/**
 * Shared memory for tests, within one process. It promises what the engine's native memory promises, but its blocks are
 * plain arrays, which tests can count.
 */
import type { BlockReference } from '../codec/block-reference.ts';
import type { Sharing } from '../codec/memory.ts';

export interface PlainSharing extends Sharing {
  /** Number of blocks that are in use. */
  readonly inUse: () => number;
  /** Number of blocks that were ever made. */
  readonly made: () => number;
}

interface Block {
  readonly array: Float32Array;
  readonly reference: BlockReference;
  uses: number;
  reusable: boolean;
}

/** Number of floats in the smallest block, the same number as in the engine's native memory. */
const leastFloats = 1 << 14;

/** @param canBeRead whether other ends can read the blocks */
export function createPlainSharing(canBeRead = true): PlainSharing {
  const blocks = new Map<string, Block>();
  const idle: Block[] = [];
  const borrowed = new Map<ArrayBufferLike, () => void>();
  let made = 0;
  const blockOf = (array: Float32Array) => [...blocks.values()].find((block) => block.array.buffer === array.buffer);
  const drop = (block: Block): void => {
    block.uses -= 1;
    if (block.uses > 0) return;
    if (block.reusable) idle.push(block);
    else blocks.delete(block.reference.name);
  };
  return {
    allocate(length) {
      if (length < leastFloats) return undefined;
      const found = idle.findIndex(({ array }) => array.length === length);
      const [known] = found === -1 ? [] : idle.splice(found, 1);
      const block = known ?? {
        array: new Float32Array(length),
        reference: { pid: 1, fd: made, name: `lstm-gan-${'0'.repeat(16)}-${++made}` },
        uses: 0,
        reusable: true,
      };
      blocks.set(block.reference.name, block);
      block.uses = 1;
      return block.array;
    },
    lend(array) {
      const block = blockOf(array);
      if (block !== undefined) block.uses += 1;
      return block?.reference;
    },
    takeBack(name, reusable) {
      const block = blocks.get(name);
      if (block === undefined) throw new Error(`nobody was lent ${name}`);
      block.reusable &&= reusable;
      drop(block);
    },
    borrow({ name }, length, onRelease) {
      const block = blocks.get(name);
      if (!canBeRead || block?.array.length !== length) throw new Error(`there is no ${name} of that length`);
      const copy = block.array.slice();
      borrowed.set(copy.buffer, onRelease);
      return copy;
    },
    forget: () => undefined,
    release(array) {
      const onRelease = borrowed.get(array.buffer);
      if (onRelease !== undefined) {
        borrowed.delete(array.buffer);
        return onRelease();
      }
      const block = blockOf(array);
      if (block !== undefined) drop(block);
    },
    inUse: () => [...blocks.values()].filter(({ uses }) => uses > 0).length,
    made: () => made,
  };
}
