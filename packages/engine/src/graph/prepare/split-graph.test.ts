import { expect, it } from 'vitest';
import { placeholderNode, type Graph, type GraphNode, type ValueRef } from '../graph.ts';
import { printGraph } from '../emit/print-graph.ts';
import { splitGraph } from './split-graph.ts';

const ref = (node: string, output = 0): ValueRef => ({ node, output });
const placeholder = (name: string): GraphNode => placeholderNode(name, { dtype: 'float32', shape: [2] });
const node = (name: string, op: string, ...inputs: string[]): GraphNode => ({
  name,
  op,
  attributes: {},
  inputs: inputs.map((input) => ref(input)),
  outputs: [{ dtype: 'float32', shape: [2] }],
});

/** hidden = exp(noise * -weights); loss = hidden * late + -weights; mean = hidden + hidden. */
const graph: Graph = {
  nodes: [
    placeholder('weights'),
    placeholder('noise'),
    placeholder('late'),
    node('negated', 'Neg', 'weights'),
    node('product', 'Mul', 'noise', 'negated'),
    node('hidden', 'Exp', 'product'),
    node('scaled', 'Mul', 'hidden', 'late'),
    node('loss', 'AddV2', 'scaled', 'negated'),
    node('twice', 'AddV2', 'hidden', 'hidden'),
  ],
  inputs: { weights: ref('weights'), noise: ref('noise'), late: ref('late') },
  outputs: { loss: ref('loss'), mean: ref('twice') },
};

it('runs what needs no late input first, keeps each value once, and computes values of one input again', () => {
  const { begin, finish } = splitGraph(graph, ['weights', 'noise']);
  expect(printGraph(begin).split('\n').slice(2)).toEqual([
    'negated = Neg(weights) -> float32[2]',
    'product = Mul(noise, negated) -> float32[2]',
    'hidden = Exp(product) -> float32[2]',
    'twice = AddV2(hidden, hidden) -> float32[2]',
    'return kept_0 = hidden',
    'return kept_1 = twice',
  ]);
  expect(Object.keys(finish.inputs)).toEqual(['weights', 'late', 'kept_0', 'kept_1']);
  expect(printGraph(finish).split('\n').slice(4)).toEqual([
    'negated = Neg(weights) -> float32[2]',
    'scaled = Mul(kept_0, late) -> float32[2]',
    'loss = AddV2(scaled, negated) -> float32[2]',
    'return loss = loss',
    'return mean = kept_1',
  ]);
});

it('keeps nothing if every value needs a late input', () => {
  const { begin, finish } = splitGraph(graph, ['late']);
  expect([begin.outputs, Object.keys(finish.inputs)]).toEqual([{}, ['weights', 'noise', 'late']]);
});
