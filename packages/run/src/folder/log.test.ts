import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createLog, createTerminalLog } from './log.ts';

it('writes JSON lines to the file and the terminal; debug lines go to the file only', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-log-')), 'log.jsonl');
  const terminal: string[] = [];
  const log = createLog(file, { write: (line) => void terminal.push(line) });
  log.info({ step: 3 }, 'committed');
  log.debug('detail');
  const lines = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toMatchObject([{ step: 3, msg: 'committed' }, { msg: 'detail' }]);
  expect(terminal.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['committed']);
});

it.each(['of a file', 'of a terminal alone'])('never holds a secret key, as the log %s', (kind) => {
  const terminal: string[] = [];
  const ear = { write: (line: string) => void terminal.push(line) };
  const log = kind === 'of a file' ? createLog('/dev/null', ear) : createTerminalLog(ear);
  log.info(
    { secretKey: 'hidden', keys: { secretKey: 'hidden' }, link: { keys: { secretKey: 'hidden', publicKey: 'shown' } } },
    'linked',
  );
  expect(terminal.join('')).not.toContain('hidden');
  expect(terminal.join('')).toContain('shown');
});

it('warns once, and does not throw, if the disk is full', () => {
  const terminal: string[] = [];
  const log = createLog('/dev/full', { write: (line) => void terminal.push(line) });
  log.info('one');
  log.info('two');
  const messages = terminal.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages.filter((text) => text.startsWith('The log cannot be written'))).toHaveLength(1);
  expect(messages).toContain('two');
});
