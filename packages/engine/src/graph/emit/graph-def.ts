/**
 * A graph as the bytes of TensorFlow's GraphDef. The field numbers are those of graph.proto, node_def.proto,
 * attr_value.proto, tensor.proto and versions.proto. Equal graphs give equal bytes: attributes are written in
 * alphabetical order.
 */
import { dataTypeNumbers, type Attribute, type Graph, type GraphNode, type TensorValue } from '../graph.ts';
import { valueName } from './value-name.ts';
import {
  concatBytes,
  fixed32Field,
  messageField,
  packedFloats,
  packedVarints,
  textField,
  varintField,
} from '../../tensorflow/wire-format.ts';

/** The version of GraphDef that these operations are written for. TensorFlow adds the defaults of later versions. */
const producerVersion = 1882;

/** The bytes of a graph. Its inputs are Placeholder nodes of the same names. */
export function encodeGraphDef(graph: Graph): Uint8Array {
  const versions = messageField(4, varintField(1, producerVersion));
  return concatBytes([...graph.nodes.map((node) => messageField(1, encodeNode(node))), versions]);
}

function encodeNode(node: GraphNode): Uint8Array {
  const attributes = Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return concatBytes([
    textField(1, node.name),
    textField(2, node.op),
    ...node.inputs.map((input) => textField(3, valueName(input))),
    ...(node.after ?? []).map((name) => textField(3, `^${name}`)),
    ...attributes.map(([name, attribute]) =>
      messageField(5, concatBytes([textField(1, name), messageField(2, encodeAttribute(attribute))])),
    ),
  ]);
}

function encodeAttribute(attribute: Attribute): Uint8Array {
  switch (attribute.kind) {
    case 'string':
      return textField(2, attribute.value);
    case 'int':
      return varintField(3, attribute.value);
    case 'float':
      return fixed32Field(4, attribute.value);
    case 'bool':
      return varintField(5, attribute.value ? 1 : 0);
    case 'type':
      return varintField(6, dataTypeNumbers[attribute.value]);
    case 'shape':
      return messageField(7, encodeShape(attribute.value));
    case 'tensor':
      return messageField(8, encodeTensor(attribute.value));
    case 'ints':
      return messageField(1, packedVarints(3, attribute.value));
    case 'floats':
      return messageField(1, packedFloats(4, attribute.value));
    case 'bools':
      return messageField(1, packedVarints(5, attribute.value.map(Number)));
  }
}

function encodeShape(shape: readonly number[]): Uint8Array {
  return concatBytes(shape.map((length) => messageField(2, varintField(1, length))));
}

function encodeTensor({ dtype, shape, bytes }: TensorValue): Uint8Array {
  return concatBytes([
    varintField(1, dataTypeNumbers[dtype]),
    messageField(2, encodeShape(shape)),
    messageField(4, bytes),
  ]);
}
