import { expect, it } from 'vitest';
import { float, runOperation } from '../testing/run-operation.ts';

// TensorFlow's own threads take numbers below 1.2e-38 for zero. The thread that calls TensorFlow, and ours, must do so
// too.
it('numbers that are too small for a normal float32 are zero, with any number of threads', async () => {
  const [rows, columns] = [5000, 40];
  const values = Float32Array.from({ length: rows * columns }, (_, i) => (i % 7) * 1e-39);
  const inputs = { values: { spec: float(rows, columns), data: values } };
  const attributes = {
    axes: { kind: 'int', value: 1 },
    keep_dims: { kind: 'bool', value: false },
    is_mean: { kind: 'bool', value: false },
  } as const;
  for (const threads of [1, 2, 3])
    expect(await runOperation('LstmGanSum', inputs, attributes, [float(columns)], threads)).toEqual([
      new Float32Array(columns),
    ]);
});
