import { expect, it } from 'vitest';
import { placeholderNode, type Graph, type GraphNode } from '../graph.ts';
import { withOutputNames } from './output-names.ts';
import { printGraph } from '../emit/print-graph.ts';
import { assignmentGraph, stateOnDevice } from './state-on-device.ts';

const float = { dtype: 'float32' as const, shape: [2] };
const node = (name: string, op: string, ...inputs: string[]): GraphNode => ({
  name,
  op,
  attributes: {},
  inputs: inputs.map((input) => ({ node: input, output: 0 })),
  outputs: [float],
});
const graph = (nodes: GraphNode[], outputs: string[]): Graph =>
  withOutputNames({
    nodes,
    inputs: Object.fromEntries(
      nodes.filter(({ op }) => op === 'Placeholder').map(({ name }) => [name, { node: name, output: 0 }]),
    ),
    outputs: Object.fromEntries(outputs.map((name) => [name, { node: name, output: 0 }])),
  });
const begin = graph(
  [
    placeholderNode('weights', float),
    placeholderNode('noise', float),
    node('images', 'Mul', 'weights', 'noise'),
    node('kept_0', 'Exp', 'images'),
  ],
  ['images', 'kept_0'],
);
const finish = graph(
  [placeholderNode('weights', float), placeholderNode('kept_0', float), node('loss', 'Mul', 'weights', 'kept_0')],
  ['loss'],
);

it('reads lasting inputs from variables, and leaves kept values in the session', () => {
  expect(printGraph(stateOnDevice(begin, ['weights'], ['kept_0'])).split('\n')).toEqual([
    'weights = VarHandleOp() {dtype=float32, shape=[2], shared_name="weights[2]"} -> resource[]',
    'weights/value = ReadVariableOp(weights) {dtype=float32} -> float32[2]',
    'noise = Placeholder() {dtype=float32, shape=[2]} -> float32[2]',
    'images = Mul(weights/value, noise) -> float32[2]',
    'kept_0 = Exp(images) -> float32[2]',
    'output_images = Identity(images) {T=float32} -> float32[2]',
    'output_kept_0 = GetSessionHandle(kept_0) {T=float32} -> string[]',
    'return images = output_images',
    'return kept_0 = output_kept_0',
  ]);
});

it('takes a kept value by its name, and frees it after its last use', () => {
  expect(
    printGraph(stateOnDevice(finish, ['weights'], ['kept_0']))
      .split('\n')
      .slice(2, 6),
  ).toEqual([
    'kept_0 = Placeholder() {dtype=string, shape=[]} -> string[]',
    'kept_0/value = GetSessionTensor(kept_0) {dtype=float32} -> float32[2]',
    'kept_0/drop = DeleteSessionTensor(kept_0, ^kept_0/value)',
    'loss = Mul(weights/value, kept_0/value) -> float32[2]',
  ]);
});

it('writes a copy of the fed array into a variable', () => {
  expect(
    printGraph(assignmentGraph('weights[2]', [2]))
      .split('\n')
      .slice(1),
  ).toEqual([
    'variable = VarHandleOp() {dtype=float32, shape=[2], shared_name="weights[2]"} -> resource[]',
    'copy = DeepCopy(value) {T=float32} -> float32[2]',
    'assign = AssignVariableOp(variable, copy) {dtype=float32}',
  ]);
});
