/**
 * Which processors each worker of a machine keeps to: as many whole cores for one as for another, side by side, so that two
 * workers neither share a core nor move each other about.
 */

/** A processor as Linux counts them: hyperthreads of a core are two. */
export interface Processor {
  readonly id: number;
  /** The physical core, unique in the machine. */
  readonly core: string;
  /** The memory that is near. */
  readonly node: number;
}

/**
 * The processors of each worker, or undefined where there are too few cores for all workers' threads: then the system
 * moves them about better than a fixed division would. Cores that are left over stay free, for the coordinator.
 * @param allowed what this process may run on, in ascending order
 * @param threads that each worker computes with
 */
export function divideCores(allowed: readonly Processor[], workers: number, threads: number): number[][] | undefined {
  const nodes = [...groupBy(allowed, ({ node }) => node).values()].map((processors) => [
    ...groupBy(processors, ({ core }) => core).values(),
  ]);
  const workersOf = shareOut(
    nodes.map((cores) => cores.length),
    workers,
  );
  const sets = nodes.flatMap((cores, k) => {
    const each = Math.floor(cores.length / workersOf[k]);
    return Array.from({ length: workersOf[k] }, (_, worker) => cores.slice(worker * each, (worker + 1) * each));
  });
  if (sets.length < workers || sets.some((cores) => cores.length < threads)) return undefined;
  return sets.map((cores) => cores.flat().map(({ id }) => id));
}

/** How many workers each node gets: the next one always goes where most cores a worker are left. */
function shareOut(coreCounts: readonly number[], workers: number): number[] {
  const shares = coreCounts.map(() => 0);
  for (let worker = 0; worker < workers && shares.length > 0; worker++) {
    const rooms = coreCounts.map((count, k) => count / (shares[k] + 1));
    shares[rooms.indexOf(Math.max(...rooms))] += 1;
  }
  return shares;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
