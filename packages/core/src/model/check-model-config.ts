import { UserError } from '../errors/user-error.ts';
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
      'Give the discriminator fewer filters, or choose another image size.',
    );
  }
}

/** Generators whose transposed convolutions start from a feature map of size `base`. */
type WithMap = Extract<GeneratorConfig, { base: unknown }>;
/** Generators that make the feature map in time steps. */
type Recurrent = Extract<GeneratorConfig, { steps: unknown }>;

function checkMap({ base, filters }: WithMap, imageSize: number): void {
  const factor = 2 ** (filters.length + 1);
  if (base[0] * factor === imageSize && base[1] * factor === imageSize) return;
  refuse(
    `A base of ${base[0]} x ${base[1]} and ${filters.length + 1} transposed convolutions make ${base[0] * factor} x ${base[1] * factor} pixels; the image is ${imageSize} x ${imageSize}.`,
    'Change base, the number of filters, or image.size: size = base * 2^(filters + 1).',
  );
}

function checkSteps({ kind, dense, steps, stepSize, lstm, hidden, base }: Recurrent): void {
  if (dense !== steps * stepSize) {
    refuse(
      `The first Dense layer has ${dense} units; ${steps} time steps of ${stepSize} features need ${steps * stepSize}.`,
      'Set dense to steps * stepSize.',
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
      'Make steps times the last layer before the map equal to the product of base.',
    );
  }
}

function refuse(message: string, advice: string): never {
  throw new UserError({ code: 'model-does-not-fit', message, advice });
}
