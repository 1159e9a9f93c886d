import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Processor } from './divide-cores.ts';

/**
 * Returns the processors that this process may run on (a container or Slurm may have limited them), in ascending order.
 * Returns an empty list if Linux does not show them.
 */
export function readProcessors(root = '/'): Processor[] {
  const read = (file: string): string => readFileSync(path.join(root, file), 'utf8').trim();
  try {
    const allowed = parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(read('proc/self/status'))?.[1] ?? '');
    const nodes = readdirSync(path.join(root, 'sys/devices/system/node')).filter((name) => /^node\d+$/.test(name));
    const nodeOf = new Map(
      nodes.flatMap((name) =>
        parseCpuList(read(`sys/devices/system/node/${name}/cpulist`)).map((id) => [id, Number(name.slice(4))] as const),
      ),
    );
    return allowed.map((id) => {
      const topology = `sys/devices/system/cpu/cpu${id}/topology`;
      return {
        id,
        core: `${read(`${topology}/physical_package_id`)}-${read(`${topology}/core_id`)}`,
        node: nodeOf.get(id) ?? 0,
      };
    });
  } catch {
    // Some containers hide the files in /proc and /sys. Workers are then not pinned to processors.
    return [];
  }
}

/** Reads a list such as `0-2,5` as numbers. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, k) => first + k);
    });
}

/** Whether this machine has taskset (util-linux), which starts a program on chosen processors. */
export function hasTaskset({ PATH = '' }: NodeJS.ProcessEnv): boolean {
  return PATH.split(path.delimiter).some((folder) => folder !== '' && existsSync(path.join(folder, 'taskset')));
}
