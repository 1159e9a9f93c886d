import { quietly, type Advance } from './effects.ts';
import type { CoordinatorState } from './state.ts';

/** The largest number of shards that one worker computes, if all workers are equally fast. */
const largestShare = (shardCount: number, workers: number): number => Math.ceil(shardCount / workers);

/**
 * If a number of workers does not suit a number of shards, returns why not, and which numbers would be better.
 * Otherwise undefined.
 */
export function shareAdvice(shardCount: number, workers: number): string | undefined {
  const shards = shardCount === 1 ? '1 shard' : `${shardCount} shards`;
  if (workers > shardCount) {
    return `A batch has ${shards}, and ${workers} workers take part: ${workers - shardCount} of them never have work. ${shardCount} would be as fast; for more, begin a run with a smaller --shard-size or a larger --batch-size.`;
  }
  const share = largestShare(shardCount, workers);
  if (share * workers === shardCount) return undefined;
  const counts = Array.from({ length: shardCount }, (_, k) => k + 1);
  const asFast = counts.find((count) => count < workers && largestShare(shardCount, count) === share);
  const faster = counts.find((count) => count > workers && largestShare(shardCount, count) < share);
  const better = [
    ...(asFast === undefined ? [] : [`${asFast} workers would be as fast`]),
    ...(faster === undefined ? [] : [`${faster} ${asFast === undefined ? 'workers ' : ''}would be faster`]),
  ];
  return `${workers} workers share the ${shards} of a batch unevenly: the others wait while one computes ${share}. ${better.join(', ')}.`;
}

/** Advice is due when no worker has joined or left for this many steps, because workers join one by one. */
const steadySteps = 3;

/**
 * Called after each step. Warns if another number of workers would be better, at most once while the coordinator runs.
 */
export function adviseShares(state: CoordinatorState): Advance {
  const committedStep = state.round.step - 1;
  const workers = state.members.filter(({ ready }) => ready).length;
  const isDue = !state.advised && workers > 0 && committedStep - state.steadySinceStep === steadySteps;
  const text = isDue ? shareAdvice(state.plan.shardCount, workers) : undefined;
  if (text === undefined) return quietly(state);
  return { state: { ...state, advised: true }, effects: [{ kind: 'log', level: 'warn', text }] };
}
