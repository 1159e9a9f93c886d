import { pino, type Logger } from 'pino';

/** Keys never reach a log, however deep they lie in what is logged. */
const secrets = ['secretKey', '*.secretKey', '*.*.secretKey', '*.*.*.secretKey'];

/**
 * JSON lines into a file (a path, or an open descriptor); `terminal`, if given, hears the same (the command line makes it
 * readable). A file that takes no more lines does not stop training: the terminal hears of it once.
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

/** A log that is kept nowhere: `terminal` alone hears it. */
export function createTerminalLog(terminal: { write(line: string): void }): Logger {
  return pino({ level: 'info', base: null, redact: secrets }, terminal);
}

export type { Logger };
