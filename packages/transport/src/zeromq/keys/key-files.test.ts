import { mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createWorkerLink } from '../links/worker-link.ts';
import { createKeyPair, readKeyFile, writeKeyFile } from './key-files.ts';

it('keeps key files to their owner', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-key-')), 'worker.key');
  const keys = { ...createKeyPair(), serverKey: createKeyPair().publicKey };
  await writeKeyFile(file, keys);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readKeyFile(file)).toEqual(keys);
  await writeFile(file, '{}');
  await expect(readKeyFile(file)).rejects.toThrow('does not hold');
  await expect(readKeyFile(`${file}.not`)).rejects.toMatchObject({
    message: expect.stringContaining('cannot be read'),
    advice: expect.stringContaining('your copy'),
  });
  expect(() => createWorkerLink({ connect: 'tcp://127.0.0.1:1' })).toThrow(
    expect.objectContaining({ advice: expect.stringContaining('or a copy of it, with --key-file') }),
  );
  const open = `${file}.open`;
  await writeFile(open, JSON.stringify(keys), { mode: 0o644 });
  await expect(readKeyFile(open)).rejects.toThrow('can be read by others');
});
