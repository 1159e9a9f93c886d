import { isatty } from 'node:tty';

/**
 * Calls `stop` at every SIGINT and SIGTERM. SIGHUP says that the terminal has been closed: it calls `stop` too, unless
 * the program is stopping already (a closed terminal may send several). A program without a terminal, for example under
 * nohup, goes on. Returns a function that ends this.
 */
export function onStopSignal(stop: () => void): () => void {
  const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  let isStopping = false;
  const onSignal = (): void => {
    isStopping = true;
    stop();
  };
  const onHangup = (): void => {
    if (hasTerminal && !isStopping) onSignal();
  };
  const handlers = { SIGINT: onSignal, SIGTERM: onSignal, SIGHUP: onHangup };
  const signals = Object.keys(handlers) as (keyof typeof handlers)[];
  for (const signal of signals) process.on(signal, handlers[signal]);
  return () => signals.forEach((signal) => process.off(signal, handlers[signal]));
}
