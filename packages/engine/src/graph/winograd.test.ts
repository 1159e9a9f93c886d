import { describe, expect, it } from 'vitest';
import { float, numbers, runOperation, wholeNumbers, type Feed } from '../testing/run-operation.ts';
import type { Attribute } from './graph.ts';

/** Tiles below a strip of eight, strips and a rest, and more tiles than are multiplied at once; several panels of channels. */
const layers = [[1, 4, 4, 32, 32], [3, 8, 12, 32, 64], [2, 32, 28, 64, 32]];
type Layer = readonly number[];

const size = (...lengths: number[]): number => lengths.reduce((product, length) => product * length, 1);
const sizes = ([batch, height, width, channels, maps]: Layer) => ({
  images: [batch, height, width, channels],
  maps: [batch, height / 2, width / 2, maps],
  kernel: [4, 4, channels, maps],
});
const feed = (shape: number[], data = wholeNumbers(size(...shape))): Feed => ({ spec: float(...shape), data });

/**
 * By definition, map (i, j) is the sum of images (2 i + u - 1, 2 j + v - 1) times kernel (u, v), where that is inside; what `visit`
 * is told of are the offsets of images, kernel and maps of every such triple, without channels.
 */
function forEachProduct([batch, height, width, channels, maps]: Layer, visit: (image: number, kernel: number, map: number) => void): void {
  for (let place = 0; place < (batch * height * width) / 4; place++) {
    const [b, i, j] = [Math.floor(place / ((height * width) / 4)), Math.floor(place / (width / 2)) % (height / 2), place % (width / 2)];
    for (let tap = 0; tap < 16; tap++) {
      const [y, x] = [2 * i + Math.floor(tap / 4) - 1, 2 * j + (tap % 4) - 1];
      if (y >= 0 && x >= 0 && y < height && x < width) visit(((b * height + y) * width + x) * channels, tap * channels * maps, place * maps);
    }
  }
}

/** Adds to `target` the product of the other two, for every channel and map. */
function sumProducts(layer: Layer, target: 'images' | 'kernel' | 'maps', arrays: Readonly<Record<'images' | 'kernel' | 'maps', Float32Array | Float64Array>>): void {
  const [, , , channels, maps] = layer;
  const { images, kernel } = arrays;
  forEachProduct(layer, (image, tap, map) => {
    for (let c = 0; c < channels; c++) {
      for (let n = 0; n < maps; n++) {
        if (target === 'maps') arrays.maps[map + n] += images[image + c] * kernel[tap + c * maps + n];
        else if (target === 'images') images[image + c] += arrays.maps[map + n] * kernel[tap + c * maps + n];
        else kernel[tap + c * maps + n] += images[image + c] * arrays.maps[map + n];
      }
    }
  });
}

const plain = (biases = 0, alpha = 1): Record<string, Attribute> => ({ N: { kind: 'int', value: biases }, alpha: { kind: 'float', value: alpha } });

describe.each(layers.map((layer) => [layer]))("Winograd's convolution of [batch, height, width, channels, maps] = %j", (layer) => {
  const shapes = sizes(layer);
  const [images, kernel, maps] = [feed(shapes.images), feed(shapes.kernel), feed(shapes.maps)];
  const whole = { images: images.data as Float32Array, kernel: kernel.data as Float32Array, maps: maps.data as Float32Array };
  const zeros = (shape: number[]): Float32Array => new Float32Array(size(...shape));

  it('gives the maps that the definition does, with any number of threads', async () => {
    const expected = zeros(shapes.maps);
    sumProducts(layer, 'maps', { ...whole, maps: expected });
    for (const threads of [1, 3]) {
      expect(await runOperation('LstmGanWinogradConvolution', { images, kernel }, plain(), [float(...shapes.maps)], threads)).toEqual([expected]);
    }
  });

  it('gives the images of the transposed convolution', async () => {
    const expected = zeros(shapes.images);
    sumProducts(layer, 'images', { ...whole, images: expected });
    for (const threads of [1, 3]) {
      expect(await runOperation('LstmGanWinogradTransposedConvolution', { maps, kernel }, plain(), [float(...shapes.images)], threads)).toEqual([expected]);
    }
  });

  it("gives the kernel's gradient", async () => {
    const expected = zeros(shapes.kernel);
    sumProducts(layer, 'kernel', { ...whole, kernel: expected });
    for (const threads of [1, 3]) {
      expect(await runOperation('LstmGanWinogradKernelGradient', { images, maps }, {}, [float(...shapes.kernel)], threads)).toEqual([expected]);
    }
  });
});

describe("Winograd's convolutions", () => {
  const layer = layers[1];
  const shapes = sizes(layer);
  const [images, kernel, maps] = [feed(shapes.images), feed(shapes.kernel), feed(shapes.maps)];

  it.each([
    ['LstmGanWinogradConvolution', { images, kernel }, 64, shapes.maps],
    ['LstmGanWinogradTransposedConvolution', { maps, kernel }, 32, shapes.images],
  ] as const)('%s adds a bias, and lets through a part of what is negative', async (op, inputs, channels, shape) => {
    const bias = feed([channels]);
    const [sums] = await runOperation(op, inputs, plain(), [float(...shape)]);
    const [actual] = await runOperation(op, { ...inputs, bias }, plain(1, 0.25), [float(...shape)]);
    const expected = sums.map((value, i) => value + bias.data[i % channels]).map((value) => (value > 0 ? value : value * 0.25));
    expect(actual).toEqual(expected);
    expect(expected.some((value) => value < 0) && expected.some((value) => value > 0)).toBe(true);
  });

  it('are as exact as float32 is, and have the same bits with any number of threads', async () => {
    const [drawnImages, drawnKernel, drawnMaps] = [shapes.images, shapes.kernel, shapes.maps].map((shape, key) => feed(shape, numbers(20 + key, size(...shape))));
    const cases = [
      ['maps', 'LstmGanWinogradConvolution', { images: drawnImages, kernel: drawnKernel }, plain(), shapes.maps],
      ['images', 'LstmGanWinogradTransposedConvolution', { maps: drawnMaps, kernel: drawnKernel }, plain(), shapes.images],
      ['kernel', 'LstmGanWinogradKernelGradient', { images: drawnImages, maps: drawnMaps }, {}, shapes.kernel],
    ] as const;
    for (const [target, op, inputs, attributes, shape] of cases) {
      const exact = new Float64Array(size(...shape));
      sumProducts(layer, target, { images: drawnImages.data as Float32Array, kernel: drawnKernel.data as Float32Array, maps: drawnMaps.data as Float32Array, [target]: exact });
      const [one] = await runOperation(op, inputs, attributes, [float(...shape)]);
      const [scale, error] = [exact, exact.map((value, i) => value - one[i])].map((values) => Math.hypot(...values));
      expect(error / scale, target).toBeLessThan(1e-6);
      expect(await runOperation(op, inputs, attributes, [float(...shape)], 3)).toEqual([one]);
    }
  });

  it('refuse shapes that do not fit each other, in a sentence', async () => {
    const narrow = feed([4, 4, 32, 16]);
    await expect(runOperation('LstmGanWinogradConvolution', { images, kernel: narrow }, plain(), [float(1)])).rejects.toThrow('C and N are multiples of 32');
    await expect(runOperation('LstmGanWinogradTransposedConvolution', { maps: images, kernel }, plain(), [float(1)])).rejects.toThrow('a Winograd convolution takes images');
    await expect(runOperation('LstmGanWinogradKernelGradient', { images, maps: images }, {}, [float(1)])).rejects.toThrow('a Winograd convolution takes images');
    await expect(runOperation('LstmGanWinogradConvolution', { images, kernel, bias: feed([3]) }, plain(1), [float(1)])).rejects.toThrow('a bias has a value for each channel');
  });
});
