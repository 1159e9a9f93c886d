import { expect, it } from 'vitest';
import { placeholderNode, type DataType } from '../graph.ts';
import { printGraph } from '../emit/print-graph.ts';
import { lowerFunctions } from './lower-functions.ts';

/** Lowers an operation of x; returns the name of what replaces it. */
function lower(op: string, attribute: 'T' | 'dtype', type: DataType): string | undefined {
  const x = { node: 'x', output: 0 };
  const spec = { dtype: type, shape: [3] };
  const graph = {
    nodes: [
      placeholderNode('x', spec),
      {
        name: 'y',
        op,
        attributes: { [attribute]: { kind: 'type', value: type } as const },
        inputs: [x],
        outputs: [spec],
      },
    ],
    inputs: { x },
    outputs: { y: { node: 'y', output: 0 } },
  };
  return / = (.*?)\(x/.exec(printGraph(lowerFunctions(graph)))?.[1];
}

it('replaces the functions that TensorFlow approximates, in float32', () => {
  for (const op of ['Tanh', 'Sigmoid', 'Softplus', 'Rsqrt']) {
    expect(lower(op, 'T', 'float32')).toBe(`LstmGan${op}`);
    expect(lower(op, 'T', 'bfloat16')).toBe(op);
  }
  expect(lower('StatelessRandomNormal', 'dtype', 'float32')).toBe('LstmGanRandomNormal');
  expect(lower('Neg', 'T', 'float32')).toBe('Neg');
});
