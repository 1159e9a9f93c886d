import { pino, type Logger } from 'pino';

/** Where secret keys may be in a logged object, up to four levels deep. The log hides them. */
const secrets = ['secretKey', '*.secretKey', '*.*.secretKey', '*.*.*.secretKey'];

/**
 * A log that writes JSON lines into a file (a path, or an open descriptor). If `terminal` is given, it gets the lines
 * of level `info` and above too. If the file cannot be written any more, training goes on, and the terminal gets one
 * warning.
 */
export function createLog(file: string | number, terminal?: { write(line: string): void }): Logger {
  const destination = pino.destination({ dest: file, sync: true, append: true });
  let failed = false;
  destination.on('error', (error: Error) => {
    if (!failed && terminal !== undefined)
      pino({ base: null }, terminal).warn(`The log cannot be written: ${error.message}.`);
    failed = true;
  });
  const streams = [
    { level: 'debug' as const, stream: destination },
    ...(terminal === undefined ? [] : [{ level: 'info' as const, stream: terminal }]),
  ];
  return pino({ level: 'debug', base: null, redact: secrets }, pino.multistream(streams));
}

/** A log without a file: JSON lines to `terminal` only. */
export function createTerminalLog(terminal: { write(line: string): void }): Logger {
  return pino({ level: 'info', base: null, redact: secrets }, terminal);
}

export type { Logger };
