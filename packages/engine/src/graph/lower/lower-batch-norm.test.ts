import { expect, it } from 'vitest';
import { placeholderNode, type Attribute, type DataType, type Graph, type GraphNode } from '../graph.ts';
import { printGraph } from '../emit/print-graph.ts';
import { lowerBatchNorm } from './lower-batch-norm.ts';

/** Batch normalisation of x and its gradient, as tracing records them. */
function traced(type: DataType): Graph {
  const attributes: Record<string, Attribute> = {
    T: { kind: 'type', value: type },
    data_format: { kind: 'string', value: 'NHWC' },
    epsilon: { kind: 'float', value: 0.001 },
    is_training: { kind: 'bool', value: true },
    exponential_avg_factor: { kind: 'float', value: 1 },
  };
  const ref = (node: string, output = 0) => ({ node, output });
  const [image, channels] = [
    { dtype: type, shape: [2, 4, 4, 3] },
    { dtype: 'float32', shape: [3] },
  ] as const;
  const inputs = { x: image, scale: channels, offset: channels, dy: image };
  const none = { ...placeholderNode('none', { dtype: 'float32', shape: [0] }) };
  const forward: GraphNode = {
    name: 'y',
    op: 'FusedBatchNormV3',
    attributes,
    inputs: [ref('x'), ref('scale'), ref('offset'), ref('none'), ref('none')],
    outputs: [image, channels, channels, channels, channels, channels],
  };
  const backward: GraphNode = {
    name: 'dx',
    op: 'FusedBatchNormGradV3',
    attributes,
    inputs: [ref('dy'), ref('x'), ref('scale'), ref('y', 3), ref('y', 4), ref('y', 5)],
    outputs: [image, channels, channels, channels, channels],
  };
  const placeholders = Object.entries(inputs).map(([name, spec]) => placeholderNode(name, spec));
  return {
    nodes: [...placeholders, none, forward, backward],
    inputs: Object.fromEntries([...Object.keys(inputs), 'none'].map((name) => [name, ref(name)])),
    outputs: { dx: ref('dx') },
  };
}

it('replaces batch normalisation and its gradient by our operations', () => {
  const lines = printGraph(lowerBatchNorm(traced('float32'))).split('\n');
  expect(lines.slice(5, 7)).toEqual([
    'LstmGanBatchNorm_5 = LstmGanBatchNorm(x, scale, offset) {epsilon=0.001} -> float32[2,4,4,3], float32[3], float32[3], float32[3]',
    'LstmGanBatchNormGrad_6 = LstmGanBatchNormGrad(dy, x, scale, LstmGanBatchNorm_5:1, LstmGanBatchNorm_5:3) -> float32[2,4,4,3], float32[3], float32[3]',
  ]);
});

it('leaves other types to TensorFlow', () => {
  const text = printGraph(lowerBatchNorm(traced('bfloat16')));
  expect(text).toContain(' = FusedBatchNormV3(');
  expect(text).toContain(' = FusedBatchNormGradV3(');
});
