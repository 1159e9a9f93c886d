import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Hashing } from '../training/hashing.ts';

/** SHA-256 in JavaScript: the same in Node and in a browser, on any page. */
export const plainHashing: Hashing = {
  create() {
    const hash = sha256.create();
    return { update: (bytes) => hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
  },
  pause: () => new Promise((resolve) => setTimeout(resolve)),
};
