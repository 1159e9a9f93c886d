import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKeyPair, writeKeyFile } from '@lstm-gan/transport';
import { beforeEach, expect, it } from 'vitest';
import { awaitKeyFile } from './await-key-file.ts';

const keys = { ...createKeyPair(), serverKey: createKeyPair().publicKey };
let file: string;
let said: string[];
/** The time of a clock that stands still, unless a test moves it. */
let nowMs: number;
beforeEach(async () => {
  file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-key-')), 'worker.key');
  [said, nowMs] = [[], 0];
});
const wait = (patienceMs: number) =>
  awaitKeyFile(file, { patienceMs, now: () => nowMs, onWait: (sentence) => void said.push(sentence) });

it('waits for a file that is not there yet and is then half written, and says so once', async () => {
  const waiting = wait(60_000);
  await writeFile(file, '{"serverKey":"');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  await writeKeyFile(`${file}.whole`, keys);
  await rename(`${file}.whole`, file);
  expect(await waiting).toEqual(keys);
  expect(said).toEqual([expect.stringMatching(/^The key file .* Waiting for it, up to 60 s\.$/)]);
});

it('says nothing of a file that is there', async () => {
  await writeKeyFile(file, keys);
  expect(await wait(60_000)).toEqual(keys);
  expect(said).toEqual([]);
});

it('ends with the error of a missing file when the time is over', async () => {
  const waiting = wait(5_000);
  nowMs = 5_000;
  await expect(waiting).rejects.toMatchObject({
    code: 'key-file',
    message: `The key file ${file} cannot be read: it does not exist.`,
  });
  await expect(wait(0)).rejects.toMatchObject({ code: 'key-file' });
});

it('does not wait for a file that is no key file', async () => {
  await writeFile(file, 'something else');
  await expect(wait(60_000)).rejects.toThrow('does not hold');
  expect(said).toEqual([]);
});
