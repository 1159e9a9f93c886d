import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { createWorkerLink } from '../links/worker-link.ts';
import { isExposed } from './key-file-access.ts';
import { createKeyPair, lookForKeys, readKeyFile, writeKeyFile } from './key-files.ts';

const keys = { ...createKeyPair(), serverKey: createKeyPair().publicKey };
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-key-'));
  file = path.join(folder, 'worker.key');
});

it('keeps key files to their owner', async () => {
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
});

it('takes a file that is missing, empty or cut off for one that may still come', async () => {
  const text = JSON.stringify(keys);
  expect(await lookForKeys(file)).toMatchObject({ code: 'key-file', message: expect.stringContaining('not exist') });
  for (const part of ['', '\n', text.slice(0, 1), text.slice(0, 80), text.slice(0, -1)]) {
    await writeFile(file, part);
    expect(await lookForKeys(file), part).toMatchObject({ code: 'key-file', message: expect.stringContaining('hold') });
  }
  await writeFile(file, `${text}\n`);
  await chmod(file, 0o600);
  expect(await lookForKeys(file)).toEqual(keys);
});

it('refuses at once what can never become a key file', async () => {
  await mkdir(`${file}.folder`);
  for (const [name, text] of Object.entries({ text: 'secret', list: '[]', other: '{"a": 1}', long: ' '.repeat(5000) }))
    await writeFile(`${file}.${name}`, text);
  const cases = [
    ['folder', 'it is a folder'],
    ['text', 'does not hold'],
    ['list', 'does not hold'],
    ['other', 'does not hold'],
    ['long', 'does not hold'],
  ];
  for (const [name, sentence] of cases) await expect(lookForKeys(`${file}.${name}`)).rejects.toThrow(sentence);
  await expect(lookForKeys(path.join(`${file}.text`, 'worker.key'))).rejects.toThrow('is a file, not a folder');
  await expect(lookForKeys('/dev/zero')).rejects.toThrow('it is a device');
});

describe('rights of others to a key file', () => {
  const own = { uid: 1000, gid: 1000 };
  const secret = { uid: 0, gid: 2000 };
  const reader = { uid: 1000, groups: [1000, 2000] };

  it.each([
    ['only the owner has rights', { ...own, mode: 0o600 }, reader, false],
    ['only another owner has rights', { ...secret, mode: 0o400 }, { uid: 0, groups: [0] }, false],
    ['the group may read a file of another user, and the reader is in it', { ...secret, mode: 0o440 }, reader, false],
    ['that file may be written by its owner', { ...secret, mode: 0o640 }, reader, false],
    ['the reader is not in that group', { ...secret, mode: 0o440 }, { uid: 1000, groups: [1000] }, true],
    ['the group may write, too', { ...secret, mode: 0o660 }, reader, true],
    ['the group may execute, too', { ...secret, mode: 0o450 }, reader, true],
    ['everybody may read', { ...secret, mode: 0o444 }, reader, true],
    ['everybody may write', { ...secret, mode: 0o442 }, reader, true],
    ['the group may read a file of the reader', { ...own, mode: 0o640 }, reader, true],
    [
      'the reader is root, and so is the owner',
      { uid: 0, gid: 2000, mode: 0o440 },
      { uid: 0, groups: [0, 2000] },
      true,
    ],
  ])('%s', (_, access, who, exposed) => {
    expect(isExposed(access, who)).toBe(exposed);
  });

  it('a file of its own that the group may read is refused, and chmod mends it', async () => {
    await writeFile(file, JSON.stringify(keys));
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(file, mode);
      await expect(readKeyFile(file)).rejects.toMatchObject({
        message: `The key file ${file} can be read by others.`,
        advice: `Run: chmod 600 ${file}`,
      });
    }
    await chmod(file, 0o600);
    expect(await readKeyFile(file)).toEqual(keys);
  });

  it('a Secret of Kubernetes is read through its link by a user of its group, and by no other', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('only root can give files to other users');
    // A volume of a Secret has a folder with the files, a link ..data to that folder, and a link for each file.
    const data = path.join(folder, '..2026_11_30');
    await mkdir(data);
    await writeFile(path.join(data, 'worker.key'), JSON.stringify(keys));
    await symlink('..2026_11_30', path.join(folder, '..data'));
    await symlink('..data/worker.key', file);
    for (const place of [folder, data]) await chmod(place, 0o755);
    const give = async (mode: number, uid = 0): Promise<void> => {
      await chown(path.join(data, 'worker.key'), uid, 4242);
      await chmod(path.join(data, 'worker.key'), mode);
    };
    await give(0o440);
    expect(await readAs({ uid: 4141, gid: 4141, groups: [4242] })).toBe(keys.publicKey);
    expect(await readAs({ uid: 4141, gid: 4242, groups: [] })).toBe(keys.publicKey);
    expect(await readAs({ uid: 4141, gid: 4141, groups: [] })).toContain('it is not permitted');
    await give(0o444);
    expect(await readAs({ uid: 4141, gid: 4141, groups: [4242] })).toContain('set defaultMode: 0400');
    await give(0o460);
    expect(await readAs({ uid: 4141, gid: 4141, groups: [4242] })).toContain('can be read by others');
    await give(0o440, 4141);
    expect(await readAs({ uid: 4141, gid: 4141, groups: [4242] })).toContain('Run: chmod 600');
  });
});

interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Reads the key file in a process of that user. Resolves to the public key, or to the error and its advice. */
async function readAs({ uid, gid, groups }: User): Promise<string> {
  // Root loads the module, because another user may not be able to read the folder of this checkout.
  const script = `import { readKeyFile } from ${JSON.stringify(new URL('./key-files.ts', import.meta.url).href)};
    process.setgroups(${JSON.stringify(groups)}); process.setgid(${gid}); process.setuid(${uid});
    const said = await readKeyFile(${JSON.stringify(file)}).then(({ publicKey }) => publicKey, ({ message, advice }) => message + ' ' + advice);
    process.stdout.write(said);`;
  const parameters = [
    '--conditions=source',
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '-e',
    script,
  ];
  return (await promisify(execFile)(process.execPath, parameters)).stdout;
}
