import { UserError } from '../errors/user-error.ts';
import { fittingFilters } from './fit-filters.ts';
import type { GeneratorConfig, ModelConfig } from './model-config.ts';

/**
 * Throws a UserError if the sizes of a model do not fit together. The error says which sizes would fit. The fields of a
 * generator's configuration decide which rules apply to it, so a new kind of generator with the same fields is checked
 * too.
 */
export function checkModelConfig({ image, generator, discriminator, loss, labelSmoothing = 0 }: ModelConfig): void {
  if ('base' in generator) checkMap(generator, image.size);
  if ('steps' in generator) checkSteps(generator);
  if (labelSmoothing > 0 && loss !== 'non-saturating') {
    refuse(
      `The loss ${loss} has no target that labelSmoothing ${labelSmoothing} could move.`,
      'Set labelSmoothing to 0, or loss to non-saturating.',
    );
  }
  const divisor = 2 ** discriminator.filters.length;
  if (image.size % divisor !== 0) {
    refuse(
      `${discriminator.filters.length} convolutions of stride 2 need an image size divisible by ${divisor}, got ${image.size}.`,
      `Choose another size, such as ${setting('image.size', Math.ceil(image.size / divisor) * divisor)}, or fewer filters.`,
    );
  }
}

/** Generators whose transposed convolutions start from a feature map of size `base`. */
type WithMap = Extract<GeneratorConfig, { base: unknown }>;
/** Generators that make the feature map in time steps. */
type Recurrent = Extract<GeneratorConfig, { steps: unknown }>;

function checkMap(generator: WithMap, imageSize: number): void {
  const { base, filters } = generator;
  const factor = 2 ** (filters.length + 1);
  if (base[0] * factor === imageSize && base[1] * factor === imageSize) return;
  refuse(
    `A base of ${base[0]} x ${base[1]} and ${filters.length + 1} transposed convolutions make ${base[0] * factor} x ${base[1] * factor} pixels; the image is ${imageSize} x ${imageSize}.`,
    adviceForMap(generator, imageSize),
  );
}

function adviceForMap(generator: WithMap, imageSize: number): string {
  const { base } = generator;
  const filters = fittingFilters(generator, imageSize);
  if (filters !== undefined) return `Filters that fit: ${setting('generator.filters', filters)}.`;
  if (base[0] !== base[1]) return 'Images are square: give base the same height and width.';
  const larger = base[0] * 2 ** Math.max(1, Math.ceil(Math.log2(imageSize / base[0])));
  const sizes = larger > 2 * base[0] ? `${larger / 2} or ${larger}` : `${larger}`;
  return `Choose the size ${sizes} (base, doubled by each transposed convolution): ${setting('image.size', larger)}.`;
}

/** A setting of the model, ready to be typed. */
function setting(field: string, value: unknown): string {
  const text = `model.${field}=${JSON.stringify(value)}`;
  return `--set ${/[[,]/.test(text) ? `'${text}'` : text}`;
}

function checkSteps({ kind, dense, steps, stepSize, lstm, hidden, base }: Recurrent): void {
  if (dense !== steps * stepSize) {
    refuse(
      `The first Dense layer has ${dense} units; ${steps} time steps of ${stepSize} features need ${steps * stepSize}.`,
      `Set dense to steps * stepSize: ${setting('generator.dense', steps * stepSize)}.`,
    );
  }
  if (kind === 'rows' && (lstm === 0 || hidden.length > 0)) {
    refuse(
      'A generator of kind rows has an LSTM and no hidden layers.',
      'Set lstm above 0 and hidden to [], or use kind article.',
    );
  }
  const last = hidden.at(-1) ?? (lstm || stepSize);
  const map = base[0] * base[1] * base[2];
  if (steps * last !== map) {
    refuse(
      `${steps} time steps of ${last} features are ${steps * last} numbers; a map of ${base.join(' x ')} has ${map}.`,
      hidden.length === 0 && lstm > 0 && map % steps === 0
        ? `Give the LSTM as many units as a time step needs: ${setting('generator.lstm', map / steps)}.`
        : 'Make steps times the last layer before the map equal to the product of base.',
    );
  }
}

function refuse(message: string, advice: string): never {
  throw new UserError({ code: 'model-does-not-fit', message, advice });
}
