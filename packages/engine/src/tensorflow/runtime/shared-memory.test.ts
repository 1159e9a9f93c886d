import { closeSync, ftruncateSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { beforeAll, expect, it } from 'vitest';
import { provisionedTensorFlow } from '../../testing/provisioned-tensorflow.ts';
import { loadNativeArithmetic } from './native-arithmetic.ts';
import type { Provisioned } from '../provision/provision.ts';
import type { BlockReference, SharedMemory } from './shared-memory.ts';

let provisioned: Provisioned;
let shared: SharedMemory;
beforeAll(async () => {
  provisioned = await provisionedTensorFlow();
  shared = loadNativeArithmetic(provisioned, 1).sharing();
});

const floats = 50_000;
const ignoreRelease = () => undefined;

function lent(): { array: Float32Array; reference: BlockReference } {
  const array = (shared.allocate(floats) as Float32Array).fill(7);
  return { array, reference: shared.lend(array) as BlockReference };
}

it('shows a borrower also what is written later, and reuses a block when all have given it back', async () => {
  const { array, reference } = lent();
  let released = 0;
  const borrowed = shared.borrow(reference, floats, () => (released += 1));
  array[floats - 1] = 8;
  expect([borrowed[0], borrowed[floats - 1]]).toEqual([7, 8]);
  shared.release(array);
  const other = lent();
  expect(other.reference.name).not.toBe(reference.name);
  shared.release(borrowed);
  expect(released).toBe(1);
  shared.takeBack(reference.name, true);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(lent().reference.name).toBe(reference.name);
});

it('lends no small arrays, and no arrays in other memory', () => {
  expect(shared.allocate(100)).toBeUndefined();
  expect(shared.lend(new Float32Array(floats))).toBeUndefined();
});

it('refuses a reference with a wrong process, file, block or length, in a sentence', () => {
  const { reference } = lent();
  const borrow =
    (changed: Partial<BlockReference>, length = floats) =>
    () =>
      shared.borrow({ ...reference, ...changed }, length, ignoreRelease);
  expect(borrow({ pid: 2 ** 22 + 1 })).toThrow('cannot be opened');
  expect(borrow({ fd: 2 ** 20 })).toThrow('cannot be opened');
  expect(borrow({ fd: 0 })).toThrow(/cannot be opened|is not the block/);
  expect(borrow({ name: `${reference.name}9` })).toThrow('is not the block');
  expect(borrow({}, floats + 5000)).toThrow('does not have the size of its array');
  expect(borrow({})().length).toBe(floats);
  expect(borrow({}, floats - 5000)).toThrow('does not have the size of its array');
});

it('refuses an ordinary file: it could shrink, which would kill a process that reads it', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-shared-'));
  const file = openSync(path.join(folder, 'lstm-gan-block'), 'w+');
  ftruncateSync(file, floats * 4);
  expect(() =>
    shared.borrow({ pid: process.pid, fd: file, name: `lstm-gan-${'0'.repeat(16)}-1` }, floats, ignoreRelease),
  ).toThrow('is not the block');
  closeSync(file);
});

it('does not take back a block that was not lent', () => {
  expect(() => shared.takeBack('lstm-gan-nothing', true)).toThrow('was not lent');
});

it('reads the block of another process, also after that process was killed', async () => {
  const arithmetic = new URL('./native-arithmetic.ts', import.meta.url).href;
  const program = `
    const { loadNativeArithmetic } = await import(${JSON.stringify(arithmetic)});
    const shared = loadNativeArithmetic(${JSON.stringify(provisioned)}, 1).sharing();
    globalThis.array = shared.allocate(${floats}).fill(3);
    console.log(JSON.stringify(shared.lend(globalThis.array)));
    setInterval(() => undefined, 1000);`;
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await new Promise<string[]>((resolve) =>
    createInterface(child.stdout).once('line', (text: string) => resolve([text])),
  );
  const reference = JSON.parse(line) as BlockReference;
  expect(reference.pid).toBe(child.pid);
  const borrowed = shared.borrow(reference, floats, ignoreRelease);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  shared.forget(reference.pid);
  expect(borrowed.every((value) => value === 3)).toBe(true);
  expect(() => shared.borrow(reference, floats, ignoreRelease)).toThrow('cannot be opened');
  shared.release(borrowed);
});
