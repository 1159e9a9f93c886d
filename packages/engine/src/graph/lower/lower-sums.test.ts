import { expect, it } from 'vitest';
import { constantNode, placeholderNode, type Attribute } from '../graph.ts';
import { printGraph } from '../emit/print-graph.ts';
import { lowerSums } from './lower-sums.ts';

/** Lowers BiasAddGrad of x; returns its line. */
function lower(type: 'float32' | 'bfloat16', format: string): string | undefined {
  const attributes: Record<string, Attribute> = {
    T: { kind: 'type', value: type },
    data_format: { kind: 'string', value: format },
  };
  const x = { node: 'x', output: 0 };
  const sum = { name: 'y', op: 'BiasAddGrad', attributes, inputs: [x], outputs: [{ dtype: type, shape: [3] }] };
  const graph = {
    nodes: [placeholderNode('x', { dtype: type, shape: [2, 4, 4, 3] }), sum],
    inputs: { x },
    outputs: { y: { node: 'y', output: 0 } },
  };
  return printGraph(lowerSums(graph)).split('\n')[1];
}

it('replaces the gradient of a bias by our operation', () => {
  expect(lower('float32', 'NHWC')).toMatch(
    / = LstmGanSum\(x\) {axes=3, is_mean=false, keep_dims=false} -> float32\[3\]$/,
  );
});

it('leaves other types and orders of axes to TensorFlow', () => {
  expect(lower('bfloat16', 'NHWC')).toContain(' = BiasAddGrad(x)');
  expect(lower('float32', 'NCHW')).toContain(' = BiasAddGrad(x)');
});

/** Lowers a Sum or Mean of x [2, 4, 4, 3] over `axes`; returns its operation and attributes. */
function reduce(op: 'Sum' | 'Mean', axes: readonly number[], keepDims: boolean): string | undefined {
  const [x, y, over] = ['x', 'y', 'axes'].map((node) => ({ node, output: 0 }));
  const attributes: Record<string, Attribute> = {
    T: { kind: 'type', value: 'float32' },
    keep_dims: { kind: 'bool', value: keepDims },
  };
  const bytes = new Uint8Array(Int32Array.from(axes).buffer);
  const graph = {
    nodes: [
      placeholderNode('x', { dtype: 'float32', shape: [2, 4, 4, 3] }),
      constantNode('axes', { dtype: 'int32', shape: [axes.length], bytes }),
      { name: 'y', op, attributes, inputs: [x, over], outputs: [{ dtype: 'float32', shape: [3] }] },
    ],
    inputs: { x },
    outputs: { y },
  } as const;
  return / = (.*)\(x.*?\)( {.*})? ->/
    .exec(printGraph(lowerSums(graph)).split('\n').at(-2) ?? '')
    ?.slice(1, 3)
    .join('');
}

it('replaces sums and means over the first axes', () => {
  expect(reduce('Sum', [0], false)).toBe('LstmGanSum {axes=1, is_mean=false, keep_dims=false}');
  expect(reduce('Mean', [2, 0, 1], true)).toBe('LstmGanSum {axes=3, is_mean=true, keep_dims=true}');
  expect(reduce('Sum', [0, 1, -1, -2], false)).toBe('LstmGanSum {axes=4, is_mean=false, keep_dims=false}');
});

it('leaves sums over other axes to TensorFlow', () => {
  expect(reduce('Sum', [1, 2], false)).toMatch(/^Sum /);
  expect(reduce('Mean', [3], false)).toMatch(/^Mean /);
});
