import { plainArithmetic } from '@lstm-gan/core/optimizer';
import { statelessUniform } from '@lstm-gan/core/random';
import { beforeAll, describe, expect, it } from 'vitest';
import { locateTensorFlow, type Provisioned } from '../tensorflow/provision/provision.ts';
import { openSession } from '../tensorflow/runtime/session.ts';
import { provisionedCache } from '../testing/provisioned-cache.ts';
import { float, numbers, runOperation } from '../testing/run-operation.ts';
import { encodeGraphDef } from '../graph/emit/graph-def.ts';
import { placeholderNode, type Attribute, type GraphNode } from '../graph/graph.ts';

let provisioned: Provisioned;
beforeAll(async () => {
  const found = await locateTensorFlow(await provisionedCache(), 'cpu');
  if (found === undefined) throw new Error('TensorFlow is provisioned');
  provisioned = found;
});

describe('dropout', () => {
  const rate = 0.3;
  const scale = 1 / (1 - rate);
  const attributes = { rate: { kind: 'float', value: rate }, scale: { kind: 'float', value: scale } } as const;

  // Sizes of one value, one block, blocks and a rest, and of more than one thread's share.
  it.each([1, 64, 1000, 70_003])(
    'drops %i values where the stateless stream says so, with any number of threads',
    async (size) => {
      const features = numbers(1, size);
      const seed = Int32Array.of(-7, 123_456_789);
      const inputs = {
        features: { spec: float(size), data: features },
        seed: { spec: { dtype: 'int32', shape: [2] }, data: seed },
      } as const;
      const outputs = [float(size), { dtype: 'bool', shape: [size] } as const];
      const uniform = statelessUniform(seed, size);
      const factor = Math.fround(scale);
      const expected = features.map((value, i) => value * (uniform[i] >= rate ? factor : 0));
      for (const threads of [1, 3]) {
        expect(await runOperation('LstmGanDropout', inputs, attributes, outputs, threads)).toEqual([expected]);
      }
    },
  );

  it('refuses a seed that is none, in a sentence', async () => {
    const inputs = {
      features: { spec: float(4), data: numbers(1, 4) },
      seed: { spec: { dtype: 'int32', shape: [3] }, data: new Int32Array(3) },
    } as const;
    await expect(
      runOperation('LstmGanDropout', inputs, attributes, [float(4), { dtype: 'bool', shape: [4] }]),
    ).rejects.toThrow('a seed of dropout has two numbers');
  });
});

describe('the thin product', () => {
  const attributes = (transposed: boolean): Record<string, Attribute> => ({
    transposed: { kind: 'bool', value: transposed },
  });

  /** Of a matrix [terms, columns], or [columns, terms]. */
  const product = (
    rows: Float32Array,
    matrix: Float32Array,
    [count, terms, columns]: number[],
    transposed: boolean,
  ): number[] =>
    Array.from({ length: count * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let k = 0; k < terms; k++)
        sum += rows[row * terms + k] * matrix[transposed ? column * terms + k : k * columns + column];
      return sum;
    });

  const shapes = [
    [1, 32, 32],
    [5, 96, 160],
    [16, 128, 512],
  ];
  it.each(
    shapes.flatMap(([count, terms, columns]) =>
      [false, true].map((transposed) => ({ count, terms, columns, transposed })),
    ),
  )(
    'multiplies $count rows of $terms terms to $columns columns, of the transpose: $transposed, with the same bits for any number of threads',
    async ({ count, terms, columns, transposed }) => {
      const [rows, matrix] = [numbers(3, count * terms), numbers(4, terms * columns)];
      const inputs = {
        rows: { spec: float(count, terms), data: rows },
        matrix: { spec: transposed ? float(columns, terms) : float(terms, columns), data: matrix },
      };
      const run = (threads: number) =>
        runOperation('LstmGanThinProduct', inputs, attributes(transposed), [float(count, columns)], threads);
      const [one] = await run(1);
      product(rows, matrix, [count, terms, columns], transposed).forEach((expected, i) =>
        expect(Math.abs(one[i] - expected)).toBeLessThan(1e-6 * terms),
      );
      expect(await run(3)).toEqual([one]);
    },
  );

  it.each([
    [17, [32, 32], false],
    [4, [32, 48], false],
    [4, [64, 32], false],
    [4, [32, 64], true],
  ])('refuses %i rows and a matrix of %j, transposed: %s, in a sentence', async (count, shape, transposed) => {
    const inputs = {
      rows: { spec: float(count, 32), data: numbers(3, count * 32) },
      matrix: { spec: float(...shape), data: numbers(4, shape[0] * shape[1]) },
    };
    await expect(
      runOperation('LstmGanThinProduct', inputs, attributes(transposed), [float(count, shape[1])]),
    ).rejects.toThrow('a thin product takes at most 16 rows');
  });
});

it.each([[[3]], [[5, 1, 7]], [[20_000, 3, 70_001, 1]]])(
  'puts vectors of %j numbers one behind the other, with any number of threads',
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

describe('a join that is added to other vectors', () => {
  const sizes = [20_000, 3, 70_001, 1];
  const length = 90_005;
  const parts = sizes.map((size, i) => numbers(5 + i, size));
  const joined = Float32Array.from(parts.flatMap((part) => [...part]));
  const [outer, inner] = [numbers(11, length), numbers(12, length)];
  const placeholders = sizes.map((size, i) => placeholderNode(`part${i}`, float(size)));
  const joinOf = (name: string): GraphNode => ({
    name,
    op: 'LstmGanJoin',
    attributes: { N: { kind: 'int', value: sizes.length } },
    inputs: placeholders.map((placeholder) => ({ node: placeholder.name, output: 0 })),
    outputs: [float(length)],
  });
  const handOn: GraphNode = {
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

  it('gives the bits of the sum for any number of threads, and says whether it is finite', async () => {
    const expected = new Float32Array(length);
    plainArithmetic.evaluateSum([outer, [inner, joined]], expected);
    for (const threads of [1, 3]) {
      expect(await accumulate([joinOf('joined'), handOn], [outer, inner], threads)).toEqual({
        outputs: [expected],
        isFinite: true,
      });
      for (const place of [0, 20_002, length - 1]) {
        const { isFinite } = await accumulate(
          [joinOf('joined'), handOn],
          [outer.slice().fill(Infinity, place, place + 1)],
          threads,
        );
        expect(isFinite).toBe(false);
      }
    }
  });

  it.each<[string, GraphNode[], Float32Array[]]>([
    ['of a graph with another join', [joinOf('joined'), handOn, joinOf('other')], [outer]],
    ['of another length', [joinOf('joined'), handOn], [outer.subarray(1)]],
  ])('leaves the join as it is %s, and says so', async (_what, nodes, onto) => {
    expect(await accumulate(nodes, onto)).toEqual({ outputs: [joined], isFinite: undefined });
  });

  it('refuses vectors of two lengths, and what is no vector', async () => {
    await expect(accumulate([joinOf('joined'), handOn], [outer, inner.subarray(1)])).rejects.toThrow('of one length');
    await expect(accumulate([joinOf('joined'), handOn], [new Int32Array(length) as never])).rejects.toThrow(
      'Float32Arrays',
    );
  });
});

describe("the LSTM's cell", () => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  function expectClose(actual: Float32Array, expected: readonly number[]): void {
    expect(actual).toHaveLength(expected.length);
    expected.forEach((value, i) =>
      expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value) + 1e-37),
    );
  }

  // Below a lane, a lane, lanes and a rest; and inputs from far below where a sigmoid is 0 to far above where it is 1.
  it.each([
    [1, 5, 1],
    [2, 16, 10],
    [3, 37, 60],
  ])('computes %i rows of %i units as its formula does, for inputs of a spread of %i', async (rows, units, spread) => {
    const z = numbers(5, rows * 4 * units).map((value) => spread * value);
    const [bias, cell] = [numbers(6, 4 * units), numbers(7, rows * units)];
    const inputs = {
      z: { spec: float(rows, 4 * units), data: z },
      bias: { spec: float(4 * units), data: bias },
      cell: { spec: float(rows, units), data: cell },
    };
    const state = float(rows, units);
    const [gates, newCell, tanh, hidden] = await runOperation('LstmGanLstmCell', inputs, {}, [
      float(rows, 4 * units),
      state,
      state,
      state,
    ]);
    const expected = Array.from(z, (value, i) => {
      const column = i % (4 * units);
      const sum = Math.fround(value + bias[column]);
      return Math.floor(column / units) === 2 ? Math.tanh(sum) : sigmoid(sum);
    });
    expectClose(gates, expected);
    const gate = (k: number, i: number): number => gates[Math.floor(i / units) * 4 * units + k * units + (i % units)];
    // From here on from what came out: small differences of the gates may cancel.
    newCell.forEach((value, i) =>
      expect(Math.abs(value - (gate(1, i) * cell[i] + gate(0, i) * gate(2, i)))).toBeLessThan(
        3e-7 * (Math.abs(cell[i]) + 1),
      ),
    );
    expectClose(tanh, Array.from(newCell, Math.tanh));
    expectClose(
      hidden,
      Array.from(tanh, (value, i) => gate(3, i) * value),
    );
  });

  it('keeps what is not a number', async () => {
    const inputs = {
      z: { spec: float(1, 4), data: Float32Array.of(NaN, 0, NaN, 0) },
      bias: { spec: float(4), data: new Float32Array(4) },
      cell: { spec: float(1, 1), data: new Float32Array(1) },
    };
    const state = float(1, 1);
    expect(await runOperation('LstmGanLstmCell', inputs, {}, [float(1, 4), state, state, state])).toEqual([
      Float32Array.of(NaN, 0.5, NaN, 0.5),
      Float32Array.of(NaN),
      Float32Array.of(NaN),
      Float32Array.of(NaN),
    ]);
  });

  it.each([
    [1, 5],
    [2, 16],
    [3, 37],
  ])('gives the gradient of %i rows of %i units as its formula does', async (rows, units) => {
    const count = rows * units;
    const [dHidden, dCell, before] = [numbers(8, count), numbers(9, count), numbers(10, count)];
    const gates = numbers(11, 4 * count).map((value, i) =>
      Math.floor((i % (4 * units)) / units) === 2 ? Math.tanh(value) : sigmoid(value),
    );
    const tanh = numbers(12, count).map(Math.tanh);
    const state = float(rows, units);
    const inputs = {
      dHidden: { spec: state, data: dHidden },
      dCell: { spec: state, data: dCell },
      gates: { spec: float(rows, 4 * units), data: gates },
      before: { spec: state, data: before },
      tanh: { spec: state, data: tanh },
    };
    const [dz, dBefore] = await runOperation('LstmGanLstmCellGrad', inputs, {}, [float(rows, 4 * units), state]);
    for (let at = 0; at < count; at++) {
      const first = Math.floor(at / units) * 4 * units + (at % units);
      const [i, f, g, o] = [0, 1, 2, 3].map((k) => gates[first + k * units]);
      const dc = dHidden[at] * o * (1 - tanh[at] ** 2) + dCell[at];
      const expected = [
        dc * g * i * (1 - i),
        dc * before[at] * f * (1 - f),
        dc * i * (1 - g * g),
        dHidden[at] * tanh[at] * o * (1 - o),
      ];
      expected.forEach((value, k) => expect(Math.abs(dz[first + k * units] - value)).toBeLessThan(1e-6));
      expect(Math.abs(dBefore[at] - dc * f)).toBeLessThan(1e-6);
    }
  });

  it('refuses states that do not fit each other, in a sentence', async () => {
    const inputs = {
      z: { spec: float(1, 8), data: new Float32Array(8) },
      bias: { spec: float(4), data: new Float32Array(4) },
      cell: { spec: float(1, 2), data: new Float32Array(2) },
    };
    await expect(runOperation('LstmGanLstmCell', inputs, {}, [float(1, 8)])).rejects.toThrow(
      "input 1 of an LSTM's cell has 4 values; it takes 8",
    );
  });
});
