import { expect, it } from 'vitest';
import { presets } from '../presets.ts';
import { checkModelConfig } from './check-model-config.ts';
import { fitFilters } from './fit-filters.ts';
import type { ModelConfig } from './model-config.ts';

const fitted = (preset: string, size: number): ModelConfig => {
  const { model } = presets.get(preset) as { model: ModelConfig };
  return fitFilters({ ...model, image: { ...model.image, size } }, model.image.size);
};
const filtersOf = ({ generator, discriminator }: ModelConfig) => [
  'filters' in generator ? generator.filters : undefined,
  'filters' in discriminator ? discriminator.filters : undefined,
];

it.each([...presets.keys()].flatMap((preset) => [16, 32, 64, 128, 256, 1024].map((size) => [preset, size] as const)))(
  'gives %s filters that fit images of %i pixels',
  (preset, size) => {
    expect(() => checkModelConfig(fitted(preset, size))).not.toThrow();
  },
);

it('halves the filters of the generator, and doubles those of the discriminator, up to limits', () => {
  expect(filtersOf(fitted('rows', 128))).toEqual([
    [128, 64, 32],
    [64, 128, 256, 512],
  ]);
  expect(filtersOf(fitted('rows', 1024))).toEqual([
    [128, 64, 32, 16, 16, 16],
    [64, 128, 256, 512, 512, 512, 512],
  ]);
  expect(filtersOf(fitted('rows', 32))).toEqual([[128], [64, 128]]);
  expect(filtersOf(fitted('digits', 64))).toEqual([
    [128, 64],
    [64, 128, 256, 512],
  ]);
  expect(filtersOf(fitted('dense', 128))).toEqual([undefined, [64, 128, 256, 512]]);
});

it('leaves a model of the size that it has, and one for which there are no filters', () => {
  for (const { name, model } of presets.values()) expect(fitted(name, model.image.size)).toEqual(model);
  expect(filtersOf(fitted('rows', 100))).toEqual([
    [128, 64],
    [64, 128, 256],
  ]);
});
