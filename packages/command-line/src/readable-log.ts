import { build } from 'pino-pretty';

/** Returns a destination for a log. The destination writes each JSON line of the log to a stream as readable text. */
export function readableLog(stream: NodeJS.WritableStream): { write(line: string): void } {
  return build({
    destination: stream as never,
    colorize: false,
    ignore: 'config,processIds,processors,digest,event,images,worker,device,host,departure,why',
    translateTime: 'HH:MM:ss',
    sync: true,
  });
}
