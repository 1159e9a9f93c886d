import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { printable, shellWord } from './terminal-text.ts';

it.each(['runs/digits', '127.0.0.1:5577', '*', 'a b#c', "it's", '$HOME', '~', '', 'a\nb', "\u001b[2J'\\", 'größe'])(
  'a shell reads the word for %j as this text',
  (text) => {
    const { stdout } = spawnSync('bash', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' });
    expect(stdout).toBe(text);
    expect(shellWord(text)).not.toMatch(/\p{C}/u);
  },
);

it('quotes only what needs it', () => {
  expect(['runs/a-1', 'a b'].map(shellWord)).toEqual(['runs/a-1', "'a b'"]);
});

it('escapes what would change the terminal', () => {
  expect(printable('a\u001b[2J\u009b größe\u200b')).toBe('a\\x1b[2J\\U0000009b größe\\U0000200b');
});
