import { assert } from '@lstm-gan/core/errors';
import type { Graph, ValueRef } from '../graph.ts';

/**
 * Names each node by its operation and its position, for example `Conv2D_12`. So equal graphs get equal names, and
 * equal bytes. Input nodes keep their names.
 */
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
