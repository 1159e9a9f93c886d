import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { divideCores, type Processor } from './divide-cores.ts';
import { parseCpuList, readProcessors } from './read-processors.ts';

/**
 * Makes the processors of a machine, numbered as Linux numbers them: first one hyperthread of each core, then the
 * second hyperthread of each core.
 */
function machine(coresOfNodes: readonly number[], hyperthreads = 1): Processor[] {
  const cores = coresOfNodes.flatMap((count, node) =>
    Array.from({ length: count }, (_, k) => ({ node, core: `${node}-${k}` })),
  );
  return Array.from({ length: hyperthreads * cores.length }, (_, id) => ({ id, ...cores[id % cores.length] }));
}

it('gives each of two workers one of two cores', () => {
  expect(divideCores(machine([2]), 2, 1)).toEqual([[0], [1]]);
});

it('keeps the hyperthreads of a core together', () => {
  expect(divideCores(machine([4], 2), 2, 1)).toEqual([
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ]);
});

it('does not divide if workers would have to share a core, with hyperthreads or without', () => {
  expect(divideCores(machine([2], 2), 4, 1)).toBeUndefined();
  expect(divideCores(machine([4]), 2, 3)).toBeUndefined();
  expect(divideCores([], 1, 1)).toBeUndefined();
});

it('gives each worker cores of one node only', () => {
  const sets = divideCores(machine([3, 3]), 3, 1) ?? [];
  expect(sets).toEqual([[0], [1], [3, 4, 5]]);
  expect(divideCores(machine([4, 2]), 3, 2)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
});

it('leaves cores free that do not divide equally', () => {
  expect(divideCores(machine([5]), 2, 2)).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

it('divides only the processors that the process may use', () => {
  const given = machine([8]).filter(({ id }) => [2, 3, 6].includes(id));
  expect(divideCores(given, 2, 1)).toEqual([[2], [3]]);
  expect(divideCores(given, 3, 1)).toEqual([[2], [3], [6]]);
  expect(divideCores(given, 4, 1)).toBeUndefined();
});

it("reads Linux's lists of processors", () => {
  expect(parseCpuList('0-2,5,8-9\n')).toEqual([0, 1, 2, 5, 8, 9]);
  expect(parseCpuList('\n')).toEqual([]);
});

it('reads the cores and nodes of the processors that it may run on', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'lstm-gan-topology-'));
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  write('proc/self/status', 'Name:\tnode\nCpus_allowed:\t0e\nCpus_allowed_list:\t1-3\n');
  for (const [id, core, socket] of [
    [0, 0, 0],
    [1, 1, 0],
    [2, 0, 1],
    [3, 1, 0],
  ]) {
    write(`sys/devices/system/cpu/cpu${id}/topology/core_id`, `${core}\n`);
    write(`sys/devices/system/cpu/cpu${id}/topology/physical_package_id`, `${socket}\n`);
  }
  write('sys/devices/system/node/node0/cpulist', '0-1,3\n');
  write('sys/devices/system/node/node1/cpulist', '2\n');
  expect(readProcessors(root)).toEqual([
    { id: 1, core: '0-1', node: 0 },
    { id: 2, core: '1-0', node: 1 },
    { id: 3, core: '0-1', node: 0 },
  ]);
  expect(readProcessors(path.join(root, 'nowhere'))).toEqual([]);
});
