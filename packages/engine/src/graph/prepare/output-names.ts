import type { Graph, GraphNode, ValueRef } from '../graph.ts';

/** The name of the node from which an output of a unit is fetched. */
export function outputName(output: string): string {
  return `output_${output}`;
}

/** Adds an Identity node with a fixed name for every output, so a cached GraphDef needs no table of output names. */
export function withOutputNames(graph: Graph): Graph {
  const outputs = Object.entries(graph.outputs).map(([output, ref]): [string, GraphNode] => [
    output,
    identity(graph, output, ref),
  ]);
  return {
    nodes: [...graph.nodes, ...outputs.map(([, node]) => node)],
    inputs: graph.inputs,
    outputs: Object.fromEntries(outputs.map(([output, node]) => [output, { node: node.name, output: 0 }])),
  };
}

function identity(graph: Graph, output: string, ref: ValueRef): GraphNode {
  const source = graph.nodes.find(({ name }) => name === ref.node)?.outputs[ref.output];
  return {
    name: outputName(output),
    op: 'Identity',
    attributes: { T: { kind: 'type', value: source?.dtype ?? 'float32' } },
    inputs: [ref],
    outputs: source === undefined ? [] : [source],
  };
}
