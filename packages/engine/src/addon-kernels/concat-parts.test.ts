import { plainArithmetic } from '@lstm-gan/core/optimizer';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Provisioned } from '../tensorflow/provision/provision.ts';
import { openSession } from '../tensorflow/runtime/session.ts';
import { provisionedTensorFlow } from '../testing/provisioned-tensorflow.ts';
import { float, numbers, runOperation } from '../testing/run-operation.ts';
import { encodeGraphDef } from '../graph/emit/graph-def.ts';
import { placeholderNode, type GraphNode } from '../graph/graph.ts';

let provisioned: Provisioned;
beforeAll(async () => {
  provisioned = await provisionedTensorFlow();
});

it.each([[[3]], [[5, 1, 7]], [[20_000, 3, 70_001, 1]]])(
  'concatenates vectors of %j numbers, with any number of threads',
  async (sizes) => {
    const parts = sizes.map((size, i) => numbers(5 + i, size));
    const inputs = Object.fromEntries(parts.map((data, i) => [`part${i}`, { spec: float(data.length), data }]));
    const expected = Float32Array.from(parts.flatMap((part) => [...part]));
    for (const threads of [1, 3]) {
      const [joined] = await runOperation(
        'LstmGanJoin',
        inputs,
        { N: { kind: 'int', value: sizes.length } },
        [float(expected.length)],
        threads,
      );
      expect(joined).toEqual(expected);
    }
  },
);

describe('accumulation', () => {
  const sizes = [20_000, 3, 70_001, 1];
  const length = 90_005;
  const parts = sizes.map((size, i) => numbers(5 + i, size));
  const joined = Float32Array.from(parts.flatMap((part) => [...part]));
  const [outer, inner] = [numbers(11, length), numbers(12, length)];
  const placeholders = sizes.map((size, i) => placeholderNode(`part${i}`, float(size)));
  const concatOf = (name: string): GraphNode => ({
    name,
    op: 'LstmGanJoin',
    attributes: { N: { kind: 'int', value: sizes.length } },
    inputs: placeholders.map((placeholder) => ({ node: placeholder.name, output: 0 })),
    outputs: [float(length)],
  });
  const identity: GraphNode = {
    name: 'output',
    op: 'Identity',
    attributes: { T: { kind: 'type', value: 'float32' } },
    inputs: [{ node: 'joined', output: 0 }],
    outputs: [float(length)],
  };
  const accumulate = async (nodes: readonly GraphNode[], onto: readonly Float32Array[], threads = 1) => {
    const session = openSession(provisioned, threads);
    try {
      return await session
        .load(encodeGraphDef({ nodes: [...placeholders, ...nodes], inputs: {}, outputs: {} }))
        .accumulate(
          parts.map((data, i) => ({ name: `part${i}`, data })),
          ['output'],
          onto,
        );
    } finally {
      session.close();
    }
  };

  it('adds numbers that are too small for a normal float32 as well, although kernels take them for zero', async () => {
    const tiny = new Float32Array(length).fill(1e-40);
    const negative = joined.map((value) => -value);
    for (const threads of [1, 3]) {
      const { outputs } = await accumulate([concatOf('joined'), identity], [tiny, negative], threads);
      expect(outputs).toEqual([tiny]);
    }
  });

  it('gives the bits of the sum for any number of threads, and whether it is finite', async () => {
    const expected = new Float32Array(length);
    plainArithmetic.evaluateSum([outer, [inner, joined]], expected);
    for (const threads of [1, 3]) {
      expect(await accumulate([concatOf('joined'), identity], [outer, inner], threads)).toEqual({
        outputs: [expected],
        isFinite: true,
      });
      for (const place of [0, 20_002, length - 1]) {
        const { isFinite } = await accumulate(
          [concatOf('joined'), identity],
          [outer.slice().fill(Infinity, place, place + 1)],
          threads,
        );
        expect(isFinite).toBe(false);
      }
    }
  });

  it.each<[string, GraphNode[], Float32Array[]]>([
    ['in a graph with two concatenations', [concatOf('joined'), identity, concatOf('other')], [outer]],
    ['for a vector of another length', [concatOf('joined'), identity], [outer.subarray(1)]],
  ])('does not add %s, and says so', async (_what, nodes, onto) => {
    expect(await accumulate(nodes, onto)).toEqual({ outputs: [joined], isFinite: undefined });
  });

  it('refuses vectors of two lengths, and arrays of another type', async () => {
    await expect(accumulate([concatOf('joined'), identity], [outer, inner.subarray(1)])).rejects.toThrow(
      'of one length',
    );
    await expect(accumulate([concatOf('joined'), identity], [new Int32Array(length) as never])).rejects.toThrow(
      'Float32Arrays',
    );
  });
});
