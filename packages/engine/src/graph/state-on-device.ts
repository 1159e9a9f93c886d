/**
 * State on the device: graphs that read lasting inputs from variables, and hand what one keeps for the other on by its name,
 * so that neither passes through the process's memory at every run. For a GPU; a processor's memory is the process's own.
 */
import { placeholderNode, type Attribute, type Graph, type GraphNode, type ValueRef, type ValueSpec } from './graph.ts';

const float: Attribute = { kind: 'type', value: 'float32' };
const nameSpec: ValueSpec = { dtype: 'string', shape: [] };
const valueOf = (node: string): string => `${node}/value`;
const refTo = (node: string): ValueRef => ({ node, output: 0 });

/** The name, in a session, of the variable for an input: graphs for two models may live in one. */
export function variableName(input: string, shape: readonly number[]): string {
  return `${input}[${shape.join(',')}]`;
}

/**
 * The graph with a variable (a VarHandleOp) in the place of each lasting input's placeholder, and with kept values left in the
 * session: the outputs of the first graph become their names, and the second is fed these. A DeleteSessionTensor, to be fetched at the
 * last use or instead of it, lets go of each.
 * @param kept names of outputs or inputs, as far as the graph has them, that hold what one graph keeps for the other
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
      // A session keeps what is fetched by the very node that names it.
      return [given.has(node.name) ? { ...placed, op: 'GetSessionHandle', outputs: [nameSpec] } : placed];
    }),
    inputs: graph.inputs,
    outputs: graph.outputs,
  };
}

/** A graph that is fed `value`, and puts it into a variable when `assign` is fetched. */
export function assignmentGraph(variable: string, shape: readonly number[]): Graph {
  const value = placeholderNode('value', { dtype: 'float32', shape });
  const handle = variableNode('variable', variable, shape);
  // On a processor the variable would be the fed array itself, which is the caller's to release.
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
