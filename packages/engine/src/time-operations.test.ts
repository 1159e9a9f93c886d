import { createPhaseUnits, presets, type ModelConfig, type Unit } from '@lstm-gan/core';
import { expect, it } from 'vitest';
import { provisionedTensorFlow } from './testing/provisioned-tensorflow.ts';
import { timeOperations } from './time-operations.ts';

it('times each operation of a unit, and counts the multiplications and additions of its layers', async () => {
  const model = presets.get('digits')?.model as ModelConfig;
  const batch = 2;
  const unit = createPhaseUnits(model, batch).discriminatorFake as unknown as Unit;
  const times = await timeOperations(unit, await provisionedTensorFlow(), 1);
  expect(times.every(({ ms }) => ms >= 0)).toBe(true);
  // Three convolutions with 4 x 4 taps: 32 x 32 x 1 to 16 x 16 x 64 to 8 x 8 x 128 to 4 x 4 x 256; then a Dense layer.
  const convolutions = [16 * 16 * 64 * 1, 8 * 8 * 128 * 64, 4 * 4 * 256 * 128].map((size) => 2 * batch * 16 * size);
  const sum = (operation: string) =>
    times.filter((time) => time.operation === operation).reduce((total, { flops }) => total + flops, 0);
  expect(sum('LstmGanConvolution')).toBe(convolutions[0] + convolutions[1] + convolutions[2]);
  // The gradient with respect to the images is not needed for the first layer.
  expect(sum('LstmGanTransposedConvolution')).toBe(convolutions[1] + convolutions[2]);
  expect(sum('LstmGanKernelGradient')).toBe(convolutions[0] + convolutions[1] + convolutions[2]);
});
