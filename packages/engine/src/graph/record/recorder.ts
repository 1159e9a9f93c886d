/**
 * Records the operations that tfjs-node executes. The recorder is a binding like tfjs-node's own. It forwards every
 * call to tfjs-node's binding, so shapes and types are those of a real run. It records a node for each operation and
 * each constant. It refuses what a graph cannot hold: strings, random operations that are not stateless, and values
 * that are read back (they would become constants).
 */
import { assert, UserError } from '@lstm-gan/core/errors';
import type {
  BindingValues,
  TensorMetadata,
  TfeAttribute,
  TfeBinding,
} from '../../tensorflow/runtime/tfjs-node-binding.ts';
import {
  constantNode,
  dataTypeNumbers,
  elementCount,
  placeholderNode,
  type Attribute,
  type DataType,
  type GraphNode,
  type TensorValue,
  type ValueRef,
  type ValueSpec,
} from '../graph.ts';

export interface Recorder {
  /** The binding for a tfjs-node backend. */
  readonly binding: TfeBinding;
  /** The nodes recorded until now, in the order of execution. */
  readonly nodes: readonly GraphNode[];
  /**
   * Adds a Placeholder, whose tensor holds zeros while a unit is recorded. Returns the id of this tensor in the
   * binding.
   */
  placeholder(name: string, spec: ValueSpec): number;
  /** The value in the graph for a tensor id. */
  refOf(id: number): ValueRef;
}

const randomOperation = /^(Random|TruncatedNormal|ParameterizedTruncated|Multinomial|StatefulRandom)/;

/** A recorder that forwards to a real binding. */
export function createRecorder(real: TfeBinding): Recorder {
  const nodes: GraphNode[] = [];
  const refs = new Map<number, ValueRef>();
  const byName = new Map<string, GraphNode>();
  const add = (node: GraphNode): void => {
    nodes.push(node);
    byName.set(node.name, node);
  };
  const refOf = (id: number): ValueRef => {
    const ref = refs.get(id);
    assert(ref !== undefined, `tensor ${id} was not made while recording`);
    return ref;
  };

  const createTensor = (shape: number[], dtype: number, values: BindingValues): number => {
    const node = constantNode(`Const_${nodes.length}`, copyValue(shape, dtype, values));
    const id = real.createTensor(shape, dtype, values);
    add(node);
    refs.set(id, { node: node.name, output: 0 });
    return id;
  };

  const executeOp = (
    op: string,
    attributes: TfeAttribute[],
    inputs: number[],
    outputCount: number,
  ): TensorMetadata[] => {
    refuseRandomOperation(op);
    const inputRefs = inputs.map(refOf);
    const results = real.executeOp(op, attributes, inputs, outputCount);
    const name = `${op}_${nodes.length}`;
    const entries = attributes.map((attribute) => [attribute.name, readAttribute(real, op, attribute)] as const);
    const outputs = results.map((result) => ({ dtype: dataTypeOf(result.dtype), shape: [...result.shape] }));
    add({ name, op, attributes: Object.fromEntries(entries), inputs: inputRefs, outputs });
    results.forEach((result, output) => refs.set(result.id, { node: name, output }));
    return results;
  };

  const tensorDataSync = (id: number): Float32Array | Int32Array | Uint8Array => {
    const node = byName.get(refOf(id).node);
    if (node?.op !== 'Const') throw readBackError(node);
    return real.tensorDataSync(id);
  };

  const placeholder = (name: string, spec: ValueSpec): number => {
    const id = real.createTensor([...spec.shape], dataTypeNumbers[spec.dtype], zeros(spec));
    add(placeholderNode(name, spec));
    refs.set(id, { node: name, output: 0 });
    return id;
  };

  // Not a Proxy: the real binding's properties are frozen, and a Proxy must return the value of a frozen property.
  const binding = Object.create(real, {
    createTensor: { value: createTensor },
    executeOp: { value: executeOp },
    tensorDataSync: { value: tensorDataSync },
  }) as TfeBinding;
  return { binding, nodes, placeholder, refOf };
}

function refuseRandomOperation(op: string): void {
  if (!randomOperation.test(op)) return;
  throw new UserError({
    code: 'random-while-tracing',
    message: `A unit draws random numbers with ${op}; in a graph they would depend on the order of runs.`,
    advice: 'Feed noise as an input, or draw it from the streams of @lstm-gan/core keyed by a seed that is an input.',
  });
}

function readBackError(node: GraphNode | undefined): UserError {
  const what = node === undefined ? 'a value' : `the result of ${node.op} [${node.outputs[0]?.shape.join(', ') ?? ''}]`;
  return new UserError({
    code: 'read-while-tracing',
    message: `A unit read back ${what} while it was being traced; the number would become a constant of the graph.`,
    advice:
      'Compute with tensors only: no dataSync, arraySync, print, nor JavaScript conditions on values inside a unit. Or use --engine eager, which is slower.',
  });
}

function zeros(spec: ValueSpec): Float32Array | Int32Array | Uint8Array {
  const count = elementCount(spec.shape);
  if (spec.dtype === 'float32') return new Float32Array(count);
  if (spec.dtype === 'int32') return new Int32Array(count);
  assert(spec.dtype === 'uint8', `inputs are float32, int32 or uint8, not ${spec.dtype}`);
  return new Uint8Array(count);
}

function copyValue(shape: readonly number[], dtype: number, values: BindingValues): TensorValue {
  assert(!Array.isArray(values), 'a unit makes a constant of strings, which graphs of numbers do not have');
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return { dtype: dataTypeOf(dtype), shape: [...shape], bytes };
}

function dataTypeOf(number: number): DataType {
  const found = Object.entries(dataTypeNumbers).find(([, value]) => value === number);
  assert(found !== undefined, `TensorFlow's data type ${number} has no name here`);
  return found[0] as DataType;
}

function readAttribute(binding: TfeBinding, op: string, { name, type, value }: TfeAttribute): Attribute {
  switch (type) {
    case binding.TF_ATTR_STRING:
      return { kind: 'string', value: String(value) };
    case binding.TF_ATTR_INT:
      return Array.isArray(value)
        ? { kind: 'ints', value: [...(value as number[])] }
        : { kind: 'int', value: Number(value) };
    case binding.TF_ATTR_FLOAT:
      return Array.isArray(value)
        ? { kind: 'floats', value: [...(value as number[])] }
        : { kind: 'float', value: Number(value) };
    case binding.TF_ATTR_BOOL:
      return Array.isArray(value)
        ? { kind: 'bools', value: [...(value as boolean[])] }
        : { kind: 'bool', value: Boolean(value) };
    case binding.TF_ATTR_TYPE:
      return { kind: 'type', value: dataTypeOf(Number(value)) };
    case binding.TF_ATTR_SHAPE:
      return { kind: 'shape', value: [...(value as number[])] };
    default:
      throw new Error(`Bug: ${op} has attribute ${name} of the unknown type ${type}`);
  }
}
