/** Reads the documents of the project, and the commands that they and the program's help show. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createWholeProgram } from '../../apps/cli/src/program.ts';
import { root } from './command-line.ts';

/** The text of every document, by its path. Tables are without the spaces by which Prettier aligns them. */
export const documents: ReadonlyMap<string, string> = new Map(
  [...markdownIn('.'), ...markdownIn('docs')].map((file) => [
    file,
    withoutPadding(readFileSync(path.join(root, file), 'utf8')),
  ]),
);

function withoutPadding(text: string): string {
  return text.replace(/^\|.*\|$/gm, (row) => row.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---'));
}

function markdownIn(folder: string): string[] {
  return readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name));
}

/** A command of `lstm-gan` as a document shows it. */
export interface Example {
  readonly where: string;
  /** What follows `lstm-gan`, as a shell would cut it. */
  readonly words: readonly string[];
}

/** Returns the fenced code blocks of a language. */
export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)]
    .filter(([, name]) => name === language)
    .map(([, , block]) => block);
}

/**
 * Returns the commands of `lstm-gan` that stand on a line of their own in a document: indented lines, and the lines
 * `ExecStart=` of units for systemd. Commands inside scripts are left out, because other tests run the scripts.
 */
export function documentExamples(): Example[] {
  return [...documents].flatMap(([where, text]) => {
    // A backslash at the end of a line continues it, as in a shell.
    const indented =
      text
        .replace(/^```[\s\S]*?^```/gm, '')
        .replace(/\\\n */g, '')
        .match(/^ {4}.*$/gm) ?? [];
    const lines = [...indented, ...blocksOf(text, 'ini').flatMap((block) => block.match(/^ExecStart=.*$/gm) ?? [])];
    return lines.flatMap((line) => commandOf(where, line));
  });
}

/** Returns the commands that stand within sentences. Such a command may lack required options. */
export function inlineExamples(): Example[] {
  return [...documents].flatMap(([where, text]) =>
    [...text.matchAll(/`((?:npx )?lstm-gan [^`\n]+)`/g)].flatMap(([, line]) => commandOf(where, line)),
  );
}

/** Returns the examples in the help of each command. */
export function helpExamples(): Example[] {
  return createWholeProgram('0').commands.flatMap((command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    return (help.match(/^ {2}\$ .*$/gm) ?? []).flatMap((line) => commandOf(`lstm-gan ${command.name()} --help`, line));
  });
}

function commandOf(where: string, line: string): Example[] {
  const command = /(?:^|[\s(/])lstm-gan (.*)$/.exec(line.replace(/\s#\s.*$/, ''))?.[1];
  return command === undefined ? [] : [{ where, words: shellWords(command) }];
}

/** Splits a command into words, without quotes, up to the character at which a shell would redirect, pipe or end it. */
function shellWords(command: string): string[] {
  const [upToEnd] = /^(?:'[^']*'|"[^"]*"|[^'"<>|;&)])*/.exec(command) ?? [''];
  const words = upToEnd.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
  );
}

/** Parses a command line without running it. Returns commander's error code, or undefined if it is valid. */
export async function parseError(words: readonly string[]): Promise<string | undefined> {
  const program = createWholeProgram('0');
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (command !== program) command.action(() => undefined);
  }
  try {
    await program.parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    const { code, exitCode } = error as { code?: string; exitCode?: number };
    return exitCode === 0 ? undefined : (code ?? String(error));
  }
}
