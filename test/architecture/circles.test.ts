/** Checks that imports form no circle: between files, between the folders of a package, and between packages. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/command-line.ts';
import { circlesOf, fileGraph, groupedGraph } from './circles.ts';

const packages = ['packages', 'apps']
  .flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => path.join(folder, name)))
  .filter((folder) => existsSync(path.join(root, folder, 'src')));
const graph = fileGraph(root, [...packages, 'test', 'tools']);

/** False for tests and for files that only tests use: these may import any file of their package. */
const isProduct = (file: string): boolean => !/\.(test|fixture)\.ts$|\/testing\//.test(file);

const folderOf = (file: string): string | undefined => (isProduct(file) ? path.dirname(file) : undefined);

const packageOf = (file: string): string | undefined =>
  isProduct(file) ? /^(?:packages|apps)\/[^/]+/.exec(file)?.[0] : undefined;

it('circlesOf finds a shortest circle of every knot, and nothing else', () => {
  const made = (edges: Record<string, string[]>) =>
    new Map(Object.entries(edges).map(([node, targets]) => [node, new Set(targets)]));
  expect(circlesOf(made({ a: ['b', 'c'], b: ['c'], c: [] }))).toEqual([]);
  const edges = { a: ['b'], b: ['c'], c: ['a', 'd'], d: ['e', 'c'], e: ['e'], f: ['g'], g: ['f'] };
  expect(circlesOf(made(edges))).toEqual(['a -> b -> c -> a', 'd -> c -> d', 'e -> e', 'f -> g -> f']);
});

it('groupedGraph joins the nodes of a group, and lets a group use what is within it', () => {
  const edges = new Map([
    ['a/one', new Set(['a/b/two', 'c/three'])],
    ['a/b/two', new Set(['a/one', 'c/three'])],
    ['c/three', new Set(['a/b/two'])],
  ]);
  expect(circlesOf(groupedGraph(edges, path.dirname))).toEqual(['a/b -> c -> a/b']);
});

it('reads imports of types, of packages and of files of every kind', () => {
  const targets = graph.get('test/support/cluster.ts');
  expect(targets).toContain('apps/coordinator/src/index.ts');
  expect(targets).toContain('test/support/small-run.ts');
  expect(
    [...graph.values()].flatMap((files) => [...files]).filter((file) => !graph.has(file) && file.endsWith('.ts')),
  ).toEqual([]);
});

it('no circle runs between files', () => {
  expect(circlesOf(graph)).toEqual([]);
});

it('no circle runs between the folders of a package', () => {
  expect(circlesOf(groupedGraph(graph, folderOf))).toEqual([]);
});

it('no circle runs between packages', () => {
  expect(circlesOf(groupedGraph(graph, packageOf))).toEqual([]);
});
