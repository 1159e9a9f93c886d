/**
 * Divides a machine's cores among its workers: each worker gets whole, neighbouring cores of one NUMA node. The workers
 * of a node get equally many cores. So two workers neither share a core nor push each other from one core to another.
 */

/** A processor as Linux counts them: two hyperthreads of one core are two processors. */
export interface Processor {
  readonly id: number;
  /** The physical core, unique in the machine. */
  readonly core: string;
  /** The number of its NUMA node. Processors of one node are near the same memory. */
  readonly node: number;
}

/**
 * Returns the processors of each worker. Cores that remain stay free for the coordinator. Returns undefined if a worker
 * would get fewer cores than it has threads: the system then schedules the threads better than a fixed division would.
 * @param allowed the processors that this process may run on, in ascending order
 * @param threads the number of threads that each worker computes with
 */
export function divideCores(allowed: readonly Processor[], workers: number, threads: number): number[][] | undefined {
  const nodes = [...groupBy(allowed, ({ node }) => node).values()].map((processors) => [
    ...groupBy(processors, ({ core }) => core).values(),
  ]);
  const workersOf = divideAmongNodes(
    nodes.map((cores) => cores.length),
    workers,
  );
  const sets = nodes.flatMap((cores, k) => {
    const coresEach = Math.floor(cores.length / workersOf[k]);
    return Array.from({ length: workersOf[k] }, (_, worker) =>
      cores.slice(worker * coresEach, (worker + 1) * coresEach),
    );
  });
  if (sets.length < workers || sets.some((cores) => cores.length < threads)) return undefined;
  return sets.map((cores) => cores.flat().map(({ id }) => id));
}

/** Returns how many workers each node gets. Each worker goes to the node that then has the most cores per worker. */
function divideAmongNodes(coreCounts: readonly number[], workers: number): number[] {
  const workersOf = coreCounts.map(() => 0);
  for (let worker = 0; worker < workers && workersOf.length > 0; worker++) {
    const coresPerWorker = coreCounts.map((count, k) => count / (workersOf[k] + 1));
    workersOf[coresPerWorker.indexOf(Math.max(...coresPerWorker))] += 1;
  }
  return workersOf;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
