/**
 * A graph as text for people: one line a node, in order. Tests keep such texts as golden files, so a change of what a
 * unit computes is visible as a diff.
 */
import type { Attribute, Graph, GraphNode, TensorValue, ValueSpec } from '../graph.ts';
import { valueName } from './value-name.ts';

/** The text of a graph. Only the first eight values of a constant are printed. */
export function printGraph(graph: Graph): string {
  const lines = graph.nodes.map((node) => `${node.name} = ${printOperation(node)}${printOutputs(node)}`);
  for (const [name, ref] of Object.entries(graph.outputs)) lines.push(`return ${name} = ${valueName(ref)}`);
  return lines.join('\n');
}

function printOutputs(node: GraphNode): string {
  return node.outputs.length === 0 ? '' : ` -> ${node.outputs.map(printSpec).join(', ')}`;
}

function printOperation(node: GraphNode): string {
  const attributes = Object.entries(node.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${name}=${printAttribute(attribute)}`);
  const suffix = attributes.length > 0 ? ` {${attributes.join(', ')}}` : '';
  const inputs = [...node.inputs.map(valueName), ...(node.after ?? []).map((name) => `^${name}`)];
  return `${node.op}(${inputs.join(', ')})${suffix}`;
}

function printSpec(spec: ValueSpec): string {
  return `${spec.dtype}[${spec.shape.join(',')}]`;
}

function printAttribute(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'tensor':
      return printTensor(attribute.value);
    case 'shape':
    case 'ints':
    case 'floats':
    case 'bools':
      return `[${attribute.value.join(',')}]`;
    case 'string':
      return JSON.stringify(attribute.value);
    default:
      return String(attribute.value);
  }
}

function printTensor(value: TensorValue): string {
  const numbers = readNumbers(value);
  const shown = numbers.slice(0, 8).map((number) => Number(number.toPrecision(7)));
  return `[${shown.join(',')}${numbers.length > 8 ? ',...' : ''}]`;
}

function readNumbers({ dtype, bytes }: TensorValue): number[] {
  if (dtype !== 'float32' && dtype !== 'int32') return Array.from(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (offset: number): number =>
    dtype === 'float32' ? view.getFloat32(offset, true) : view.getInt32(offset, true);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => read(index * 4));
}
