import { expect, it } from 'vitest';
import { placeholderNode, type Attribute, type Graph, type GraphNode, type ValueRef } from '../graph.ts';
import { lowerConvolutions } from './lower-convolutions.ts';
import { printGraph } from '../emit/print-graph.ts';

const ref = (node: string): ValueRef => ({ node, output: 0 });
const float: Attribute = { kind: 'type', value: 'float32' };
const attributes: Readonly<Record<string, Attribute>> = {
  T: float,
  strides: { kind: 'ints', value: [1, 2, 2, 1] },
  dilations: { kind: 'ints', value: [1, 1, 1, 1] },
  padding: { kind: 'string', value: 'SAME' },
  data_format: { kind: 'string', value: 'NHWC' },
};
const inputs = {
  images: [2, 8, 12, 32],
  kernel: [4, 4, 32, 64],
  maps: [2, 4, 6, 64],
  bias: [64],
  sizes: [4],
};
type Input = keyof typeof inputs;

const node = (
  name: string,
  op: string,
  from: string[],
  shape: number[],
  given: Readonly<Record<string, Attribute>> = { T: float },
): GraphNode => ({
  name,
  op,
  attributes: given,
  inputs: from.map(ref),
  outputs: [{ dtype: 'float32', shape }],
});
const convolution = node('c', 'Conv2D', ['images', 'kernel'], inputs.maps, attributes);
const biased = node('b', 'BiasAdd', ['c', 'bias'], inputs.maps);
const leaky = (from: string): GraphNode =>
  node('l', 'LeakyRelu', [from], inputs.maps, { T: float, alpha: { kind: 'float', value: 0.2 } });

function lower(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
  other: Partial<Record<Input, number[]>> = {},
): string[] {
  const shapes: Record<string, number[]> = { ...inputs, ...other };
  const graph: Graph = {
    nodes: [
      ...Object.entries(shapes).map(([name, shape]) =>
        placeholderNode(name, { dtype: name === 'sizes' ? 'int32' : 'float32', shape }),
      ),
      ...nodes,
    ],
    inputs: {},
    outputs: Object.fromEntries(outputs.map((output, i) => [`y${i}`, ref(output)])),
  };
  return printGraph(lowerConvolutions(graph))
    .split('\n')
    .filter((line) => !line.includes('Placeholder()') && !line.startsWith('return'))
    .map((line) => line.replace(/^.*? = /, '').replaceAll(/_\d+/g, ''));
}

const gray = { images: [2, 6, 10, 1], kernel: [4, 4, 1, 32], maps: [2, 3, 5, 32], bias: [32] };
const image = { images: [2, 6, 10, 3], kernel: [4, 4, 3, 5], maps: [2, 3, 5, 5] };

it.each<[GraphNode, string, Partial<Record<Input, number[]>>?]>([
  [convolution, 'LstmGanConvolution(Placeholder, Placeholder) {N=0, alpha=1} -> float32[2,4,6,64]'],
  [
    node('c', 'Conv2DBackpropInput', ['sizes', 'kernel', 'maps'], inputs.images, attributes),
    'LstmGanTransposedConvolution(Placeholder, Placeholder) {N=0, alpha=1} -> float32[2,8,12,32]',
  ],
  [
    node('c', 'Conv2DBackpropFilter', ['images', 'sizes', 'maps'], inputs.kernel, attributes),
    'LstmGanKernelGradient(Placeholder, Placeholder) -> float32[4,4,32,64]',
  ],
  [
    node('c', 'Conv2D', ['images', 'kernel'], gray.maps, attributes),
    'LstmGanConvolution(Placeholder, Placeholder) {N=0, alpha=1} -> float32[2,3,5,32]',
    gray,
  ],
  [
    node('c', 'Conv2DBackpropInput', ['sizes', 'kernel', 'maps'], image.images, attributes),
    'LstmGanTransposedConvolution(Placeholder, Placeholder) {N=0, alpha=1} -> float32[2,6,10,3]',
    image,
  ],
])('replaces a convolution by our operation', (given, expected, shapes) => {
  expect(lower([given], ['c'], shapes)).toEqual([expected]);
});

it('makes the bias and the LeakyReLU after a convolution a part of it', () => {
  expect(lower([convolution, biased, leaky('b')], ['l'])).toEqual([
    'LstmGanConvolution(Placeholder, Placeholder, Placeholder) {N=1, alpha=0.2} -> float32[2,4,6,64]',
  ]);
  expect(lower([convolution, leaky('c')], ['l'])).toEqual([
    'LstmGanConvolution(Placeholder, Placeholder) {N=0, alpha=0.2} -> float32[2,4,6,64]',
  ]);
});

it('does not fuse a result that another node or output reads', () => {
  const operations = (nodes: GraphNode[], outputs: string[]): string[] =>
    lower(nodes, outputs).map((line) => line.replace(/\(.*/, ''));
  expect(operations([convolution, biased, leaky('b')], ['l', 'c'])).toEqual([
    'LstmGanConvolution',
    'BiasAdd',
    'LeakyRelu',
  ]);
  expect(operations([convolution, biased, leaky('b')], ['l', 'b'])).toEqual(['LstmGanConvolution', 'LeakyRelu']);
  // A bias after the LeakyReLU stays a BiasAdd: our operation can add a bias only before the LeakyReLU.
  expect(operations([convolution, leaky('c'), node('b', 'BiasAdd', ['l', 'bias'], inputs.maps)], ['b'])).toEqual([
    'LstmGanConvolution',
    'BiasAdd',
  ]);
});

it.each<[string, Partial<Record<Input, number[]>>, Readonly<Record<string, Attribute>>]>([
  ['a kernel of another size', { kernel: [3, 3, 32, 64] }, {}],
  ['other steps', {}, { strides: { kind: 'ints', value: [1, 1, 1, 1] } }],
  ['other padding', {}, { padding: { kind: 'string', value: 'VALID' } }],
  ['bfloat16', {}, { T: { kind: 'type', value: 'bfloat16' } }],
])('leaves convolutions of %s to TensorFlow', (_what, shapes, given) => {
  const [, height, width] = shapes.images ?? inputs.images;
  const maps = [2, height / 2, width / 2, (shapes.kernel ?? inputs.kernel)[3]];
  expect(
    lower([{ ...node('c', 'Conv2D', ['images', 'kernel'], maps, { ...attributes, ...given }) }], ['c'], shapes)[0],
  ).toMatch(/^Conv2D\(/);
});
