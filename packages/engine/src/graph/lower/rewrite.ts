import { refKey, type Attribute, type Graph, type GraphNode, type ValueRef } from '../graph.ts';
import { simplify } from './simplify.ts';

/**
 * Simplifies every node, and merges equal nodes. Merging is correct, because recorded operations are pure functions.
 */
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

/**
 * The key of a node: nodes with equal keys compute equal values. Undefined for a placeholder, which is never merged.
 */
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
