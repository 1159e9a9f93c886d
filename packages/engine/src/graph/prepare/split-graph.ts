/**
 * Splits a graph in two. The first part, `begin`, depends on the early inputs alone, so `begin` can run before the late
 * inputs are known. `begin` gives the values that the second part, `finish`, needs (the kept values).
 *
 * A value that depends on one early input only (a slice of the weights, a transposed kernel) is not kept. `finish`
 * computes such a value again, because computing it is cheaper than keeping it.
 */
import { assert } from '@lstm-gan/core/errors';
import { placeholderNode, refKey, type Graph, type GraphNode, type ValueRef, type ValueSpec } from '../graph.ts';
import { prune } from '../lower/prune.ts';

export interface SplitGraph {
  /** Its outputs are the early outputs (`earlyOutputs` of `splitGraph`), and the kept values `kept_0`, `kept_1` ... */
  readonly begin: Graph;
  /**
   * Its inputs are the kept values, the late inputs, and the early inputs that `finish` reads again. Its outputs are
   * all outputs of the whole graph that are not early.
   */
  readonly finish: Graph;
}

/** The name of a kept value in both graphs. */
const keptName = (index: number): string => `kept_${index}`;

/**
 * @param early names of the inputs that are known before the late inputs
 * @param earlyOutputs names of outputs that depend on the early inputs alone
 */
export function splitGraph(graph: Graph, early: readonly string[], earlyOutputs: readonly string[] = []): SplitGraph {
  const belongsToBegin = findBegun(graph, new Set(early));
  const kept = new Map<string, { name: string; ref: ValueRef; spec: ValueSpec }>();
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const keep = (ref: ValueRef): ValueRef => {
    if (!belongsToBegin.has(ref.node)) return ref;
    const spec = nodes.get(ref.node)?.outputs[ref.output];
    assert(spec?.dtype === 'float32', `${ref.node} is kept between two calls, so it is float32`);
    const entry = kept.get(refKey(ref)) ?? { name: keptName(kept.size), ref, spec };
    kept.set(refKey(ref), entry);
    return { node: entry.name, output: 0 };
  };
  const rest = graph.nodes
    .filter((node) => !belongsToBegin.has(node.name))
    .map((node): GraphNode => ({ ...node, inputs: node.inputs.map(keep) }));
  const isEarly = ([name]: readonly [string, ValueRef]): boolean => earlyOutputs.includes(name);
  const first = Object.entries(graph.outputs).filter(isEarly);
  for (const [name, { node }] of first)
    assert(belongsToBegin.has(node), `the early output ${name} depends on early inputs alone`);
  const outputs = Object.fromEntries(
    Object.entries(graph.outputs)
      .filter((entry) => !isEarly(entry))
      .map(([name, ref]) => [name, keep(ref)]),
  );
  const values = [...kept.values()];
  const begin: Graph = {
    nodes: graph.nodes,
    inputs: Object.fromEntries(Object.entries(graph.inputs).filter(([name]) => early.includes(name))),
    outputs: Object.fromEntries([...first, ...values.map(({ name, ref }) => [name, ref] as const)]),
  };
  const finish: Graph = {
    nodes: [...values.map(({ name, spec }) => placeholderNode(name, spec)), ...rest],
    inputs: { ...graph.inputs, ...Object.fromEntries(values.map(({ name }) => [name, { node: name, output: 0 }])) },
    outputs,
  };
  return { begin: prune(begin), finish: withoutUnreadInputs(prune(finish)) };
}

/** Names of the nodes that depend on at least two early inputs, and on no late input. */
function findBegun(graph: Graph, early: ReadonlySet<string>): ReadonlySet<string> {
  const inputOf = new Map(Object.entries(graph.inputs).map(([input, { node }]) => [node, input]));
  const dependencies = new Map<string, ReadonlySet<string>>();
  for (const node of graph.nodes) {
    const own = inputOf.get(node.name);
    const found = node.inputs.flatMap((ref) => [...(dependencies.get(ref.node) ?? [])]);
    dependencies.set(node.name, new Set(own === undefined ? found : [own]));
  }
  const begun = [...dependencies].filter(([, on]) => on.size > 1 && [...on].every((input) => early.has(input)));
  return new Set(begun.map(([name]) => name));
}

function withoutUnreadInputs(graph: Graph): Graph {
  const read = new Set(
    [...graph.nodes.flatMap((node) => node.inputs), ...Object.values(graph.outputs)].map((ref) => ref.node),
  );
  const inputs = Object.fromEntries(Object.entries(graph.inputs).filter(([, { node }]) => read.has(node)));
  return prune({ ...graph, inputs });
}
