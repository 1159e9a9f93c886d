import { isatty } from 'node:tty';

/** What the program does at a signal. The last one counts. */
const stops: (() => void)[] = [];

/**
 * Calls `stop` at every SIGINT and SIGTERM, until the returned function is called. Meanwhile it takes the place of what
 * was to be called before. SIGUSR1 and SIGUSR2 do the same, because schedulers of clusters send them before they end a
 * job; without a handler, Node would open its debugger at SIGUSR1. SIGHUP says that the terminal has been closed: it
 * calls `stop` too, unless the program is stopping already (a closed terminal may send several). A program without a
 * terminal, for example under nohup, goes on.
 */
export function onStopSignal(stop: () => void): () => void {
  if (stops.length === 0) listen();
  stops.push(stop);
  return () => {
    const place = stops.lastIndexOf(stop);
    if (place >= 0) stops.splice(place, 1);
  };
}

function listen(): void {
  const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  let isStopping = false;
  const onSignal = (): void => {
    isStopping = true;
    stops.at(-1)?.();
  };
  const onHangup = (): void => {
    if (hasTerminal && !isStopping) onSignal();
  };
  const handlers = { SIGINT: onSignal, SIGTERM: onSignal, SIGUSR1: onSignal, SIGUSR2: onSignal, SIGHUP: onHangup };
  for (const [signal, handler] of Object.entries(handlers)) {
    // start-built.js has handlers for the time until here.
    process.removeAllListeners(signal);
    process.on(signal, handler);
  }
}
