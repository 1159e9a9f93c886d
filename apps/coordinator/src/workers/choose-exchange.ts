import type { Exchange } from '@lstm-gan/transport';

export type ExchangeChoice = Exchange | 'auto';

/**
 * Returns the exchange of a run whose coordinator listens at an address. `auto` is sliced if workers are reached over a
 * network, because then the coordinator's connection would limit the star. On one machine slices gain nothing.
 */
export function chooseExchange(choice: ExchangeChoice, address: string): Exchange {
  if (choice !== 'auto') return choice;
  return /^(ipc:|tcp:\/\/(127\.|\[::1\]))/.test(address) ? 'star' : 'sliced';
}
