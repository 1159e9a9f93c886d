import type { DiscriminatorConfig, GeneratorConfig, ModelConfig } from './model-config.ts';

/** The least filters that the rule gives a transposed convolution, and the most that it gives a convolution. */
const [leastFilters, mostFilters] = [16, 512];

/**
 * Returns a model whose filters fit its image size, by this rule: the generator gets as many transposed convolutions as
 * its base needs to grow to the image, the discriminator as many more (or fewer) convolutions as the image is doubled
 * (or halved) from `before`. A new entry of the generator's filters is half of the one before it, but at least 16; a
 * new entry of the discriminator's is twice the one before it, but at most 512. A network for which there is no such
 * number of filters stays as it is.
 * @param before the image size, in pixels, that the discriminator's filters were made for
 * @category Models
 */
export function fitFilters(model: ModelConfig, before: number): ModelConfig {
  const { image, generator, discriminator } = model;
  return {
    ...model,
    generator: fitGenerator(generator, image.size),
    discriminator: fitDiscriminator(discriminator, Math.log2(image.size / before)),
  };
}

function fitDiscriminator(discriminator: DiscriminatorConfig, doublings: number): DiscriminatorConfig {
  if (discriminator.kind === 'custom') return discriminator;
  const { filters } = discriminator;
  const count = Number.isInteger(doublings) ? Math.max(1, filters.length + doublings) : undefined;
  const next = (last: number): number => Math.min(2 * last, Math.max(last, mostFilters));
  return { ...discriminator, filters: ofLength(filters, count, next) };
}

/** The filters with which the base of a generator grows to an image size; undefined if there are none. */
export function fittingFilters(generator: GeneratorConfig, size: number): number[] | undefined {
  if (!('base' in generator) || generator.base[0] !== generator.base[1]) return undefined;
  const count = Math.log2(size / generator.base[0]) - 1;
  if (!Number.isInteger(count) || count < 0) return undefined;
  return ofLength(generator.filters, count, (last) => Math.max(leastFilters, last >> 1));
}

function fitGenerator(generator: GeneratorConfig, size: number): GeneratorConfig {
  const filters = fittingFilters(generator, size);
  return filters === undefined ? generator : ({ ...generator, filters } as GeneratorConfig);
}

/** Makes a list longer, with entries that follow from the last one, or shorter. */
function ofLength(list: readonly number[], length = list.length, next: (last: number) => number): number[] {
  const made = list.slice(0, length);
  while (made.length < length) made.push(next(made.at(-1) ?? 2 * leastFilters));
  return made;
}
