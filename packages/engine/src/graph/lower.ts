/**
 * Lowering: from what tfjs happened to execute to a graph worth handing to TensorFlow. Three pure steps, graph in,
 * graph out: rewrite (local rules of simplify.ts, and one node for equal nodes), prune (walk back from the outputs),
 * rename (names that depend on the result alone, so equal units give equal bytes). Everything arithmetic is left to
 * TensorFlow's own optimizer, which runs at the first call.
 */
import { assert } from '@lstm-gan/core';
import type { Attribute, Graph, GraphNode, ValueRef } from './graph.ts';
import { refKey } from './graph.ts';
import { simplify } from './simplify.ts';

/** The graph to encode: same inputs and outputs, fewer nodes. */
export function lowerGraph(graph: Graph): Graph {
  return renameNodes(prune(rewrite(graph)));
}

/** Applies the local rules and merges equal nodes; every recorded operation is a pure function, so equal means same. */
export function rewrite(graph: Graph): Graph {
  const nodes = new Map<string, GraphNode>();
  const replacements = new Map<string, ValueRef>();
  const nodeOfKey = new Map<string, string>();
  const resolve = (ref: ValueRef): ValueRef => replacements.get(refKey(ref)) ?? ref;

  const place = (part: GraphNode): void => {
    const node = { ...part, inputs: part.inputs.map(resolve) };
    const key = nodeKey(node);
    const earlier = key === undefined ? undefined : nodeOfKey.get(key);
    if (earlier === undefined) {
      nodes.set(node.name, node);
      if (key !== undefined) nodeOfKey.set(key, node.name);
    } else {
      node.outputs.forEach((_, output) =>
        replacements.set(refKey({ node: node.name, output }), { node: earlier, output }),
      );
    }
  };

  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map(resolve) };
    const result = simplify(node, (name) => nodes.get(name));
    if (result.kind === 'value') {
      replacements.set(refKey({ node: node.name, output: 0 }), result.ref);
      continue;
    }
    for (const part of [...(result.before ?? []), result.node]) place(part);
  }
  const outputs = Object.entries(graph.outputs).map(([name, ref]) => [name, resolve(ref)] as const);
  return { nodes: [...nodes.values()], inputs: graph.inputs, outputs: Object.fromEntries(outputs) };
}

/** Keeps the inputs and whatever the outputs need. */
export function prune(graph: Graph): Graph {
  const needed = new Set([...Object.values(graph.inputs), ...Object.values(graph.outputs)].map((ref) => ref.node));
  for (const node of [...graph.nodes].reverse()) {
    if (needed.has(node.name)) for (const input of node.inputs) needed.add(input.node);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node.name)) };
}

/** Names nodes by operation and place; inputs keep theirs. */
export function renameNodes(graph: Graph): Graph {
  const inputNodes = new Set(Object.values(graph.inputs).map((ref) => ref.node));
  const names = new Map<string, string>();
  graph.nodes.forEach((node, index) =>
    names.set(node.name, inputNodes.has(node.name) ? node.name : `${node.op}_${index}`),
  );
  const rename = (name: string): string => {
    const renamed = names.get(name);
    assert(renamed !== undefined, `node ${name} is in the graph`);
    return renamed;
  };
  const renameRef = (ref: ValueRef): ValueRef => ({ node: rename(ref.node), output: ref.output });
  return {
    nodes: graph.nodes.map((node) => ({ ...node, name: rename(node.name), inputs: node.inputs.map(renameRef) })),
    inputs: graph.inputs,
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, ref]) => [name, renameRef(ref)])),
  };
}

/** Equal for nodes that compute the same; undefined for placeholders, which never do. */
function nodeKey(node: GraphNode): string | undefined {
  if (node.op === 'Placeholder') return undefined;
  const attributes = Object.entries(node.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${name}=${attributeKey(attribute)}`);
  return [node.op, ...attributes, '|', ...node.inputs.map(refKey)].join(' ');
}

function attributeKey(attribute: Attribute): string {
  if (attribute.kind !== 'tensor') return JSON.stringify(attribute);
  const { dtype, shape, bytes } = attribute.value;
  return `${dtype}[${shape.join(',')}]${Buffer.from(bytes).toString('base64')}`;
}
