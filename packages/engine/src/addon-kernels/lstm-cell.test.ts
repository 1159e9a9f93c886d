import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation } from '../testing/run-operation.ts';

describe("the LSTM's cell", () => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  function expectClose(actual: Float32Array, expected: readonly number[]): void {
    expect(actual).toHaveLength(expected.length);
    expected.forEach((value, i) =>
      expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value) + 1e-37),
    );
  }

  // Numbers of units: fewer than a vector (16) has; one vector; some vectors and a rest. With inputs of a spread of 60,
  // some sigmoids are 0 or 1 in float32.
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
    // The expected cell is computed from the gates that the kernel returned: the two terms of the cell may nearly
    // cancel, and then small errors of the gates would be large relative to the cell.
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

  it('passes NaN on', async () => {
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
