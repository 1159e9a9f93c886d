import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const readBytes = 16 * 1024;
const quotedLines = 2;
const quotedCharacters = 500;
/**
 * Lines that do not say why a process ended: JSON records, stack frames and the separators around them, what TensorFlow
 * always prints while it is loaded, and Node's deprecation warnings about TensorFlow (from Node 22 on).
 */
const noSentence = /^([\s{}[\]<>-]|$|I\d{4} |WARNING: All log messages|\(node:\d+\) |\(Use `node --trace-)/;

/**
 * Returns the last sentences that a process wrote to its log: usually an error's message and advice. Returns undefined
 * if it wrote none.
 * @param start the byte at which the process began to write; earlier processes wrote to the same file
 */
export function lastLogSentences(file: string, start: number): string | undefined {
  const sentences = readEnd(file, start)
    .split('\n')
    .filter((line) => !noSentence.test(line));
  const text = sentences.slice(-quotedLines).join(' ');
  if (text === '') return undefined;
  return text.length > quotedCharacters ? `${text.slice(0, quotedCharacters)}...` : text;
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
