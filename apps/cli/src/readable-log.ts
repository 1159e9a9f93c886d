import { build } from 'pino-pretty';

/** Makes log lines readable for people; the file keeps the JSON. */
export function readableLog(stream: NodeJS.WritableStream): { write(line: string): void } {
  return build({
    destination: stream as never,
    colorize: false,
    ignore: 'config,processIds,processors,digest',
    translateTime: 'HH:MM:ss',
    sync: true,
  });
}
