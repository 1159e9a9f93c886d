import { pino, type Logger } from 'pino';

/** JSON lines into a file (a path, or an open descriptor); `terminal`, if given, hears the same (the command line makes it readable). */
export function createLog(file: string | number, terminal?: { write(line: string): void }): Logger {
  const streams = [
    { level: 'debug' as const, stream: pino.destination({ dest: file, sync: true, append: true }) },
    ...(terminal === undefined ? [] : [{ level: 'info' as const, stream: terminal }]),
  ];
  return pino({ level: 'debug', base: null, redact: ['*.secretKey', 'secretKey'] }, pino.multistream(streams));
}

export type { Logger };
