/** Finds circles in a graph: of files by their imports, of folders by the files in them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What each node points to. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads what a TypeScript file imports, types included: the specifiers as they are written. */
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

/** The source file that each specifier of a package of this workspace leads to, such as `@lstm-gan/core`. */
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
 * The graph of groups of nodes, such as folders of files: a group points to another one if a node of it does. A group
 * within another one (`a/b` in `a`) belongs to it: between those two nothing points.
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

/** One circle of every knot of nodes that reach each other, as `a -> b -> a`: a shortest one. */
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

/** The nodes of a shortest way from a node back to itself, without its end; undefined if there is none. */
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
