/**
 * Finds circles in a graph. Its nodes are files, which point to the files that they import, or folders of such files.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What each node points to. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the specifiers of all imports of a TypeScript file, as they are written. Imports of types are included. */
export function importsOf(file: string): string[] {
  const imports = /^(?:import|export)\s(?:[^;']*?from\s)?'([^']+)';|import\('([^']+)'\)/gms;
  return [...readFileSync(file, 'utf8').matchAll(imports)].map(([, named, dynamic]) => named ?? dynamic);
}

/** The graph of all TypeScript files in some folders; every path starts at the root. */
export function fileGraph(root: string, folders: readonly string[]): Graph {
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
      .map((file) => path.join(folder, file)),
  );
  const entries = packageEntries(root, folders);
  const targetOf = (file: string, specifier: string): string | undefined =>
    specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : entries.get(specifier);
  return new Map(
    files.map((file) => {
      const targets = importsOf(path.join(root, file)).map((specifier) => targetOf(file, specifier));
      return [file, new Set(targets.filter((target) => target !== undefined))];
    }),
  );
}

/**
 * Maps each specifier of a package of this workspace, such as `@lstm-gan/core`, to the source file that it leads to.
 */
function packageEntries(root: string, folders: readonly string[]): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const folder of folders) {
    const manifest = path.join(root, folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, exports = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      name: string;
      exports?: Record<string, { source?: string }>;
    };
    for (const [subpath, { source }] of Object.entries(exports))
      if (source !== undefined) entries.set(path.join(name, subpath), path.join(folder, source));
  }
  return entries;
}

/**
 * The graph of groups of nodes, such as folders of files: a group points to another one if a node of the first points
 * to a node of the second. A group never points to a group within it, or to a group that contains it (`a/b` is within
 * `a`).
 */
export function groupedGraph(graph: Graph, groupOf: (node: string) => string | undefined): Graph {
  const groups = new Map<string, Set<string>>();
  for (const [node, targets] of graph) {
    const group = groupOf(node);
    if (group === undefined) continue;
    const reached = groups.get(group) ?? new Set<string>();
    for (const target of targets) {
      const other = groupOf(target);
      if (other !== undefined && !isWithin(other, group) && !isWithin(group, other)) reached.add(other);
    }
    groups.set(group, reached);
  }
  return groups;
}

const isWithin = (inner: string, outer: string): boolean => `${inner}/`.startsWith(`${outer}/`);

/**
 * Returns circles, as `a -> b -> a`, so that each node that is on any circle is on at least one of them. Each is a
 * shortest circle through its first node.
 */
export function circlesOf(graph: Graph): string[] {
  const seen = new Set<string>();
  const circles: string[] = [];
  for (const start of [...graph.keys()].sort()) {
    const circle = seen.has(start) ? undefined : shortestWayBack(graph, start);
    if (circle === undefined) continue;
    for (const node of circle) seen.add(node);
    circles.push([...circle, start].join(' -> '));
  }
  return circles;
}

/**
 * The nodes of a shortest way from `start` back to `start`, which is listed once, at the beginning. Undefined if there
 * is no such way.
 */
function shortestWayBack(graph: Graph, start: string): string[] | undefined {
  const reachedFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const target of graph.get(node) ?? []) {
      if (target === start) {
        const way = [node];
        while (way[0] !== start) way.unshift(reachedFrom.get(way[0]) as string);
        return way;
      }
      if (reachedFrom.has(target)) continue;
      reachedFrom.set(target, node);
      queue.push(target);
    }
  }
  return undefined;
}
