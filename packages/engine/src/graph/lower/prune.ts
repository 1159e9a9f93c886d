import type { Graph } from '../graph.ts';

/** The graph without the nodes that no output needs. All inputs stay. */
export function prune(graph: Graph): Graph {
  const needed = new Set([...Object.values(graph.inputs), ...Object.values(graph.outputs)].map((ref) => ref.node));
  for (const node of [...graph.nodes].reverse()) {
    if (needed.has(node.name)) for (const input of node.inputs) needed.add(input.node);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node.name)) };
}
