import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { lastWords } from './last-words.ts';

async function wordsOf(text: string, start = 0): Promise<string | undefined> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-words-')), 'worker-1.log');
  await writeFile(file, text);
  return lastWords(file, start);
}

it('are the sentence and the advice that a worker ends with', async () => {
  expect(await wordsOf('{"level":40,"msg":"Slow."}\nToo little memory.\nStart fewer workers.\n')).toBe(
    'Too little memory. Start fewer workers.',
  );
  const loading =
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\nI0000 00:00:1.2 33 port.cc:153] oneDNN\n';
  expect(await wordsOf(loading)).toBeUndefined();
  expect(
    await wordsOf(
      `${loading}FATAL ERROR: Reached heap limit\n----- Native stack trace -----\n\n 1: 0xb8ced1 node::Abort()\n`,
    ),
  ).toBe('FATAL ERROR: Reached heap limit');
});

it('are not what Node says of a library behind them', async () => {
  const deprecation =
    '(node:27440) [DEP0051] DeprecationWarning: The `util.isNullOrUndefined` API is deprecated.\n(Use `node --trace-deprecation ...` to show where the warning was created)\n';
  expect(await wordsOf(`Too little memory.\nStart fewer workers.\n${deprecation}`)).toBe(
    'Too little memory. Start fewer workers.',
  );
});

it('are its own, not those of a worker before it', async () => {
  const before = 'Another run was refused.\n';
  expect(await wordsOf(before, before.length)).toBeUndefined();
  expect(await wordsOf(`${before}{"level":30}\n`, before.length)).toBeUndefined();
});

it('are lost with its log', () => {
  expect(lastWords('/nowhere/worker-1.log', 0)).toBeUndefined();
});

it('are no novel', async () => {
  const words = await wordsOf(`${'x'.repeat(99_999)}\n`);
  expect(words).toHaveLength(503);
});
