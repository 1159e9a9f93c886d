import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { lastLogSentences } from './last-log-sentences.ts';

async function sentencesOf(text: string, start = 0): Promise<string | undefined> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-log-')), 'worker-1.log');
  await writeFile(file, text);
  return lastLogSentences(file, start);
}

it("returns the message and the advice of a worker's last error", async () => {
  expect(await sentencesOf('{"level":40,"msg":"Slow."}\nToo little memory.\nStart fewer workers.\n')).toBe(
    'Too little memory. Start fewer workers.',
  );
});

it('leaves out what TensorFlow prints while it is loaded, and stack frames', async () => {
  const loading =
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\nI0000 00:00:1.2 33 port.cc:153] oneDNN\n';
  expect(await sentencesOf(loading)).toBeUndefined();
  expect(
    await sentencesOf(
      `${loading}FATAL ERROR: Reached heap limit\n----- Native stack trace -----\n\n 1: 0xb8ced1 node::Abort()\n`,
    ),
  ).toBe('FATAL ERROR: Reached heap limit');
});

it("leaves out Node's deprecation warnings, which may come after the error", async () => {
  const deprecation =
    '(node:27440) [DEP0051] DeprecationWarning: The `util.isNullOrUndefined` API is deprecated.\n(Use `node --trace-deprecation ...` to show where the warning was created)\n';
  expect(await sentencesOf(`Too little memory.\nStart fewer workers.\n${deprecation}`)).toBe(
    'Too little memory. Start fewer workers.',
  );
});

it('leaves out what an earlier worker wrote to the same log', async () => {
  const before = 'Another run was refused.\n';
  expect(await sentencesOf(before, before.length)).toBeUndefined();
  expect(await sentencesOf(`${before}{"level":30}\n`, before.length)).toBeUndefined();
});

it('returns undefined if there is no log', () => {
  expect(lastLogSentences('/nowhere/worker-1.log', 0)).toBeUndefined();
});

it('cuts long lines', async () => {
  const text = await sentencesOf(`${'x'.repeat(99_999)}\n`);
  expect(text).toHaveLength(503);
});
