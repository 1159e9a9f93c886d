import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const readBytes = 16 * 1024;
const quotedLines = 2;
const quotedCharacters = 500;
/** Records, stack frames and what frames them, what TensorFlow always says while it is loaded, and Node of it (from 22 on). */
const noSentence = /^([\s{}[\]<>-]|$|I\d{4} |WARNING: All log messages|\(node:\d+\) |\(Use `node --trace-)/;

/**
 * What a process said last in a log that it shares with others before it: a sentence and its advice, as this command
 * answers an error. Undefined where it said nothing.
 */
export function lastWords(file: string, start: number): string | undefined {
  const sentences = readEnd(file, start)
    .split('\n')
    .filter((line) => !noSentence.test(line));
  const words = sentences.slice(-quotedLines).join(' ');
  if (words === '') return undefined;
  return words.length > quotedCharacters ? `${words.slice(0, quotedCharacters)}...` : words;
}

function readEnd(file: string, start: number): string {
  if (!existsSync(file)) return '';
  const descriptor = openSync(file, 'r');
  try {
    const end = fstatSync(descriptor).size;
    const from = Math.max(start, end - readBytes);
    const bytes = Buffer.alloc(Math.max(0, end - from));
    readSync(descriptor, bytes, 0, bytes.length, from);
    return bytes.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}
