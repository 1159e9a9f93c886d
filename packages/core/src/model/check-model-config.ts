import { UserError } from '../errors/user-error.ts';
import { isCustom } from './custom-networks.ts';
import { fittingFilters } from './fit-filters.ts';
import type { GeneratorConfig, ModelConfig } from './model-config.ts';
import { inputsOfDense, outputsOfStep, positionsOf, type RecurrentGenerator } from './time-steps.ts';

/**
 * Throws a UserError if the sizes of a model do not fit together. The error says which sizes would fit. The fields of a
 * generator's configuration decide which rules apply to it, so a new kind of generator with the same fields is checked
 * too.
 *
 * @category Models
 */
export function checkModelConfig(model: ModelConfig): void {
  const { image, latent, generator, discriminator, loss, labelSmoothing = 0 } = model;
  if ('base' in generator) checkMap(generator, image.size);
  if ('steps' in generator) {
    checkRecurrentLayers(generator);
    checkStepNoise(generator, latent);
    checkSteps(generator);
  }
  if (labelSmoothing > 0 && loss !== 'non-saturating') {
    refuse(
      `The loss ${loss} has no target that labelSmoothing ${labelSmoothing} could move.`,
      'Set labelSmoothing to 0, or loss to non-saturating.',
    );
  }
  if (model.source !== undefined && !isCustom(model)) {
    refuse(
      'model.source, or --model, says which code defines custom networks, and neither network is of kind custom.',
      'Leave it out.',
    );
  }
  if (discriminator.kind === 'custom') return;
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

function checkRecurrentLayers(generator: RecurrentGenerator): void {
  const { kind, cell, layers, bidirectional, lstm, hidden, stepSize, base, block } = generator;
  if (kind === 'rows' && (lstm === 0 || hidden.length > 0)) {
    refuse(
      'A generator of kind rows has recurrent layers and no hidden layers.',
      'Set lstm above 0 and hidden to [], or use kind article.',
    );
  }
  if (lstm === 0 && (cell !== 'lstm' || layers > 1 || bidirectional)) {
    refuse(
      'A generator without recurrent layers (lstm is 0) has no cell to choose, no layers and no directions.',
      'Set lstm above 0, or leave out cell, layers and bidirectional.',
    );
  }
  if (bidirectional && lstm % 2 !== 0) {
    refuse(`${lstm} units cannot be halved for the two directions.`, 'Set lstm to an even number.');
  }
  if (block !== null && (base[0] % block[0] !== 0 || base[1] % block[1] !== 0)) {
    refuse(
      `Blocks of ${block.join(' x ')} do not fill a map of ${base[0]} x ${base[1]} positions.`,
      'Set block to a height and a width that divide those of base.',
    );
  }
  if (cell !== 'conv-lstm') return;
  if (block === null) {
    refuse(
      'A convolutional LSTM reads and writes blocks of the map, and block is null.',
      'Set block to the height and width of a block.',
    );
  }
  if (stepSize % positionsOf(generator) !== 0) {
    refuse(
      `The ${stepSize} features of a time step cannot be divided among the ${positionsOf(generator)} positions of a block.`,
      'Make stepSize a multiple of the product of block.',
    );
  }
}

function checkStepNoise(generator: RecurrentGenerator, latent: number): void {
  if (inputsOfDense(latent, generator) > 0) return;
  const { steps, stepNoise } = generator;
  refuse(
    `${steps} time steps read ${stepNoise} numbers of noise each, ${steps * stepNoise} in all, and leave none of ${latent} for the first Dense layer.`,
    `Set latent above ${steps * stepNoise}, or lower stepNoise.`,
  );
}

function checkSteps(generator: RecurrentGenerator): void {
  const { dense, steps, stepSize, cell, lstm, hidden, base, block } = generator;
  if (dense !== steps * stepSize) {
    refuse(
      `The first Dense layer has ${dense} units; ${steps} time steps of ${stepSize} features need ${steps * stepSize}.`,
      `Set dense to steps * stepSize: ${setting('generator.dense', steps * stepSize)}.`,
    );
  }
  const last = hidden.at(-1) ?? outputsOfStep(generator);
  const map = base[0] * base[1] * base[2];
  if (steps * last !== map) {
    refuse(
      `${steps} time steps of ${last} features are ${steps * last} numbers; a map of ${base.join(' x ')} has ${map}.`,
      hidden.length === 0 && lstm > 0 && cell !== 'conv-lstm' && map % steps === 0
        ? `Give the recurrent layers as many units as a time step needs: ${setting('generator.lstm', map / steps)}.`
        : 'Make steps times the last layer before the map equal to the product of base.',
    );
  }
  if (block === null) return;
  const blocks = (base[0] * base[1]) / (block[0] * block[1]);
  if (steps !== blocks) {
    refuse(
      `${steps} time steps write a block of ${block.join(' x ')} each; a map of ${base[0]} x ${base[1]} has ${blocks} blocks.`,
      'Set steps to the number of blocks.',
    );
  }
}

function refuse(message: string, advice: string): never {
  throw new UserError({ code: 'model-does-not-fit', message, advice });
}
