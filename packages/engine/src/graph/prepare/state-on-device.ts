/**
 * State on the device, for a GPU. A graph reads lasting inputs (weights) from variables, and the first graph of a unit
 * passes kept values to the second graph inside the session. So neither weights nor kept values are copied between the
 * process and the device at every run.
 */
import {
  placeholderNode,
  type Attribute,
  type Graph,
  type GraphNode,
  type ValueRef,
  type ValueSpec,
} from '../graph.ts';

const float: Attribute = { kind: 'type', value: 'float32' };
const nameSpec: ValueSpec = { dtype: 'string', shape: [] };
const valueOf = (node: string): string => `${node}/value`;
const refTo = (node: string): ValueRef => ({ node, output: 0 });

/**
 * The name of the variable for an input. The name contains the shape, because one session may have the graphs of two
 * models, whose inputs have equal names and different shapes.
 */
export function variableName(input: string, shape: readonly number[]): string {
  return `${input}[${shape.join(',')}]`;
}

/**
 * Returns the graph with a variable (VarHandleOp) in place of each lasting input's placeholder, and with kept values
 * that stay in the session. If a unit has two graphs, the one that computes a kept value outputs the value's name in
 * the session, and the one that uses the value is fed this name. The using graph also gets a node DeleteSessionTensor,
 * which frees the value. The last run that uses the value must fetch this node too. If no run will use the value, a run
 * of the using graph must fetch this node alone.
 * @param kept names of the kept values; the graph may have them as outputs, as inputs, or not at all
 */
export function stateOnDevice(graph: Graph, lasting: readonly string[], kept: readonly string[]): Graph {
  const isTaken = ({ op, name }: GraphNode, names: readonly string[]): boolean =>
    op === 'Placeholder' && names.includes(name);
  const given = new Set(kept.flatMap((name) => (name in graph.outputs ? [graph.outputs[name].node] : [])));
  const moved = new Set(
    graph.nodes.filter((node) => isTaken(node, lasting) || isTaken(node, kept)).map(({ name }) => name),
  );
  const move = (ref: ValueRef): ValueRef => (moved.has(ref.node) ? refTo(valueOf(ref.node)) : ref);
  return {
    nodes: graph.nodes.flatMap((node): GraphNode[] => {
      if (isTaken(node, lasting)) return readVariable(node);
      if (isTaken(node, kept)) return takeFromSession(node);
      const placed = { ...node, inputs: node.inputs.map(move) };
      // GetSessionHandle keeps its input in the session only if GetSessionHandle itself is fetched. So it replaces the
      // output's Identity node.
      return [given.has(node.name) ? { ...placed, op: 'GetSessionHandle', outputs: [nameSpec] } : placed];
    }),
    inputs: graph.inputs,
    outputs: graph.outputs,
  };
}

/** A graph that writes the fed `value` into a variable if `assign` is fetched. */
export function assignmentGraph(variable: string, shape: readonly number[]): Graph {
  const value = placeholderNode('value', { dtype: 'float32', shape });
  const handle = variableNode('variable', variable, shape);
  // Without the copy, the variable of a CPU device would be the fed array itself, which the caller may release.
  const copy: GraphNode = {
    name: 'copy',
    op: 'DeepCopy',
    attributes: { T: float },
    inputs: [refTo('value')],
    outputs: value.outputs,
  };
  const assign: GraphNode = {
    name: 'assign',
    op: 'AssignVariableOp',
    attributes: { dtype: float },
    inputs: [refTo('variable'), refTo('copy')],
    outputs: [],
  };
  return { nodes: [value, handle, copy, assign], inputs: { value: refTo('value') }, outputs: {} };
}

function variableNode(name: string, variable: string, shape: readonly number[]): GraphNode {
  return {
    name,
    op: 'VarHandleOp',
    attributes: {
      dtype: float,
      shape: { kind: 'shape', value: shape },
      shared_name: { kind: 'string', value: variable },
    },
    inputs: [],
    outputs: [{ dtype: 'resource', shape: [] }],
  };
}

function readVariable({ name, outputs }: GraphNode): GraphNode[] {
  const { shape } = outputs[0];
  const read: GraphNode = {
    name: valueOf(name),
    op: 'ReadVariableOp',
    attributes: { dtype: float },
    inputs: [refTo(name)],
    outputs,
  };
  return [variableNode(name, variableName(name, shape), shape), read];
}

function takeFromSession({ name, outputs }: GraphNode): GraphNode[] {
  const value = valueOf(name);
  return [
    placeholderNode(name, nameSpec),
    { name: value, op: 'GetSessionTensor', attributes: { dtype: float }, inputs: [refTo(name)], outputs },
    {
      name: `${name}/drop`,
      op: 'DeleteSessionTensor',
      attributes: {},
      inputs: [refTo(name)],
      after: [value],
      outputs: [],
    },
  ];
}
