import type { ExchangeRules } from './exchange-rules.ts';
import { slicedRules } from './sliced/sliced-rules.ts';
import { starRules } from './star/star-rules.ts';
import type { CoordinatorState } from './state.ts';

/** The rules of the run's exchange. */
export function rulesOf({ plan }: CoordinatorState): ExchangeRules {
  return plan.exchange === 'star' ? starRules : slicedRules;
}
