/** Tests completion in real shells. A shell that is not installed is skipped. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWholeProgram } from '../program.ts';
import { completionScript, shells, type Shell } from './completion-script.ts';
import { completionWords } from './completion-words.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-completion-'));
  for (const shell of shells)
    writeFileSync(
      path.join(folder, shell),
      completionScript(shell, 'lstm-gan', completionWords(createWholeProgram('0'))),
    );
  mkdirSync(path.join(folder, 'my photos'));
  writeFileSync(path.join(folder, 'my file'), '');
});

const isHere = (shell: Shell): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** Returns the completions that a shell offers for a line, sorted. */
const ask: Readonly<Record<'bash' | 'fish', (line: string) => string[]>> = {
  bash: (line) => {
    const script = `source ./bash; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lstm-gan; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return answers(execFileSync('bash', ['--norc', '-c', script, '', ...line.split(' ')], { cwd: folder }));
  },
  fish: (line) =>
    answers(
      execFileSync('fish', ['--no-config', '-c', 'source ./fish; complete -C $argv[1]', '--', line], { cwd: folder }),
    ),
};
const answers = (output: Buffer): string[] =>
  String(output)
    .split('\n')
    .map((text) => text.split('\t')[0])
    .filter((text) => text !== '')
    .sort();

describe.each(['bash', 'fish'] as const)('%s completes', (shell) => {
  it.skipIf(!isHere(shell)).each<[string, string[]]>([
    ['lstm-gan tr', ['train']],
    ['lstm-gan in', ['inspect']],
    ['lstm-gan train --sh', ['--shard-size']],
    ['lstm-gan sample --ver', ['--verbose']],
    ['lstm-gan train --preset ro', ['rows', 'rows-large']],
    ['lstm-gan bench --engine ', ['eager', 'graph']],
    ['lstm-gan train --data em', ['emoji']],
    ['lstm-gan train --seed ', []],
    ['lstm-gan train --resume --step', ['--steps']],
    ['lstm-gan completion ', ['bash', 'fish', 'zsh']],
    ['lstm-gan doctor x', []],
  ])('%j with %j', (line, expected) => {
    expect(ask[shell](line)).toEqual(expected);
  });

  it.skipIf(!isHere(shell))('paths, for options and arguments that take one', () => {
    const unescaped = (line: string): string[] =>
      ask[shell](line).map((text) => text.replaceAll('\\', '').replace(/\/$/, ''));
    expect(unescaped('lstm-gan sample my')).toEqual(['my file', 'my photos']);
    expect(unescaped('lstm-gan train --data my')).toEqual(['my photos']);
    expect(unescaped('lstm-gan train --resume my')).toEqual(['my file', 'my photos']);
    expect(unescaped('lstm-gan train --resume --data my')).toEqual(['my photos']);
    expect(unescaped('lstm-gan sample --out my')).toEqual(['my file', 'my photos']);
  });
});

it.skipIf(!isHere('zsh')).each([
  ['lstm-gan tr', 'lstm-gan train '],
  ['lstm-gan train --preset digi', 'lstm-gan train --preset digits '],
  ['lstm-gan train --data emo', 'lstm-gan train --data emoji '],
  ['lstm-gan train --data my', 'lstm-gan train --data my\\ photos/'],
  ['lstm-gan sample --interp', 'lstm-gan sample --interpolate '],
  ['lstm-gan train --resume my\\ ph', 'lstm-gan train --resume my\\ photos/'],
  ['lstm-gan train --resume --step', 'lstm-gan train --resume --steps '],
  ['lstm-gan completion fi', 'lstm-gan completion fish '],
])('zsh makes %j %j', (line, expected) => {
  // Runs a shell on a terminal of its own, types the line and a tab, and lets Ctrl-X print the completed line.
  const script = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PROMPT=; autoload -Uz compinit; compinit -u -D; source ./zsh'
    zpty -w shell 'show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^X" show; print re""ady'
    zpty -r shell text '*ready*'
    zpty -n -w shell "$1"$'\\t\\030'
    zpty -r shell text '*<*>*'
    zpty -d shell
    print -r -- "$text"`;
  const { stdout } = spawnSync('zsh', ['-f', '-c', script, '', line], { cwd: folder, timeout: 20 * 60_000 });
  expect(/<([^<>]*)>[^>]*$/.exec(String(stdout))?.[1]).toBe(expected);
});
