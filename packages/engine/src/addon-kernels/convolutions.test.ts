import { describe, expect, it } from 'vitest';
import type { Attribute } from '../graph/graph.ts';
import { float, numbers, runOperation, wholeNumbers, type Feed } from '../testing/run-operation.ts';

type Target = 'images' | 'kernel' | 'maps';
/** [batch, height, width, channels, maps] */
type Layer = readonly number[];
/**
 * Layers of many channels. The first has fewer tiles than a strip (16). The second has several strips and a shorter
 * last strip. The third has more tiles than are multiplied together (64). Some have several panels (32) of channels or
 * maps.
 */
const wide: Layer[] = [
  [1, 4, 4, 32, 32],
  [3, 8, 12, 32, 64],
  [2, 32, 28, 64, 32],
];
/**
 * Layers of images. The maps of the first have fewer pixels than a strip (16). The second has several strips and a
 * shorter last strip. The third has more pixels than are multiplied together (64).
 */
const ofImages: Layer[] = [
  [1, 2, 2, 1, 32],
  [2, 6, 10, 3, 64],
  [3, 10, 28, 1, 32],
];
/**
 * Layers that neither of the two faster algorithms takes. Of the first, all images are computed together. Of the
 * second, each image is computed by itself. The third has an odd number of rows and columns of maps.
 */
const others: Layer[] = [
  [3, 2, 2, 5, 7],
  [2, 32, 36, 2, 33],
  [2, 6, 10, 32, 32],
];
const layers = [...wide, ...ofImages, ...others];
/**
 * Layers for the transposed convolution. For images of one or three channels, this operation takes any number of maps.
 * Some of these maps are less wide than the number of positions that are computed together (8 or 16), some are wider.
 */
const transposedLayers: Layer[] = [
  ...layers,
  [1, 2, 2, 1, 1],
  [2, 6, 10, 1, 4],
  [3, 4, 38, 1, 7],
  [1, 2, 2, 3, 1],
  [2, 6, 10, 3, 4],
  [3, 4, 22, 3, 16],
];

const size = (...lengths: number[]): number => lengths.reduce((product, length) => product * length, 1);
const sizes = ([batch, height, width, channels, maps]: Layer) => ({
  images: [batch, height, width, channels],
  maps: [batch, height / 2, width / 2, maps],
  kernel: [4, 4, channels, maps],
});
const feed = (shape: number[], data = wholeNumbers(size(...shape))): Feed => ({ spec: float(...shape), data });

/**
 * By definition, map (i, j) is the sum over (u, v) of image (2 i + u - 1, 2 j + v - 1) times kernel (u, v), for pixels
 * inside of the image. Calls `visit` for every such product, with three indices: of the first channel of the product's
 * pixel in the images, of its tap in the kernel, and of its place in the maps.
 */
function forEachProduct(
  [batch, height, width, channels, maps]: Layer,
  visit: (image: number, kernel: number, map: number) => void,
): void {
  for (let place = 0; place < (batch * height * width) / 4; place++) {
    const [b, i, j] = [
      Math.floor(place / ((height * width) / 4)),
      Math.floor(place / (width / 2)) % (height / 2),
      place % (width / 2),
    ];
    for (let tap = 0; tap < 16; tap++) {
      const [y, x] = [2 * i + Math.floor(tap / 4) - 1, 2 * j + (tap % 4) - 1];
      if (y >= 0 && x >= 0 && y < height && x < width)
        visit(((b * height + y) * width + x) * channels, tap * channels * maps, place * maps);
    }
  }
}

/** Of images, kernel and maps, multiplies the two that are not `target`. Adds the products to the array of `target`. */
function sumProducts(
  layer: Layer,
  target: Target,
  arrays: Readonly<Record<Target, Float32Array | Float64Array>>,
): void {
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

const plain = (biases = 0, alpha = 1): Record<string, Attribute> => ({
  N: { kind: 'int', value: biases },
  alpha: { kind: 'float', value: alpha },
});

const feeds = (layer: Layer) => {
  const shapes = sizes(layer);
  return { shapes, images: feed(shapes.images), kernel: feed(shapes.kernel), maps: feed(shapes.maps) };
};

/** The result by the definition. It is exact, because the inputs are whole numbers. */
function expectedOf(layer: Layer, target: Target): Float32Array {
  const { shapes, images, kernel, maps } = feeds(layer);
  const data = {
    images: images.data,
    kernel: kernel.data,
    maps: maps.data,
    [target]: new Float32Array(size(...shapes[target])),
  } as Record<Target, Float32Array>;
  sumProducts(layer, target, data);
  return data[target];
}

it.each(layers)(
  'the convolution of %i images of %i x %i with %i channels to %i maps is the definition, with any number of threads',
  async (...layer) => {
    const { shapes, images, kernel } = feeds(layer);
    for (const threads of [1, 3]) {
      expect(
        await runOperation('LstmGanConvolution', { images, kernel }, plain(), [float(...shapes.maps)], threads),
      ).toEqual([expectedOf(layer, 'maps')]);
    }
  },
);

it.each(transposedLayers)(
  'the transposed convolution to %i images of %i x %i with %i channels from %i maps too',
  async (...layer) => {
    const { shapes, maps, kernel } = feeds(layer);
    for (const threads of [1, 3]) {
      expect(
        await runOperation(
          'LstmGanTransposedConvolution',
          { maps, kernel },
          plain(),
          [float(...shapes.images)],
          threads,
        ),
      ).toEqual([expectedOf(layer, 'images')]);
    }
  },
);

it.each(layers)(
  'the gradient of the kernel for %i images of %i x %i with %i channels and %i maps too',
  async (...layer) => {
    const { shapes, images, maps } = feeds(layer);
    for (const threads of [1, 3]) {
      expect(
        await runOperation('LstmGanKernelGradient', { images, maps }, {}, [float(...shapes.kernel)], threads),
      ).toEqual([expectedOf(layer, 'kernel')]);
    }
  },
);

describe('convolutions', () => {
  it.each([wide[1], ofImages[1], others[2]])(
    'of %i images of %i x %i with %i channels and %i maps add a bias, and apply LeakyReLU',
    async (...layer) => {
      const { shapes, images, kernel, maps } = feeds(layer);
      for (const [op, inputs, channels, shape] of [
        ['LstmGanConvolution', { images, kernel }, layer[4], shapes.maps],
        ['LstmGanTransposedConvolution', { maps, kernel }, layer[3], shapes.images],
      ] as const) {
        const bias = feed([channels]);
        const [sums] = await runOperation(op, inputs, plain(), [float(...shape)]);
        const [actual] = await runOperation(op, { ...inputs, bias }, plain(1, 0.25), [float(...shape)]);
        const expected = sums
          .map((value, i) => value + bias.data[i % channels])
          .map((value) => (value > 0 ? value : value * 0.25));
        expect(actual).toEqual(expected);
        expect(expected.some((value) => value < 0) && expected.some((value) => value > 0)).toBe(true);
      }
    },
  );

  it.each([wide[1], ofImages[1], others[2]])(
    'of %i images of %i x %i with %i channels and %i maps are exact to float32, with the same bits for any thread count',
    async (...layer) => {
      const shapes = sizes(layer);
      const [images, kernel, maps] = [shapes.images, shapes.kernel, shapes.maps].map((shape, key) =>
        feed(shape, numbers(20 + key, size(...shape))),
      );
      const cases = [
        ['maps', 'LstmGanConvolution', { images, kernel }, plain(), shapes.maps],
        ['images', 'LstmGanTransposedConvolution', { maps, kernel }, plain(), shapes.images],
        ['kernel', 'LstmGanKernelGradient', { images, maps }, {}, shapes.kernel],
      ] as const;
      for (const [target, op, inputs, attributes, shape] of cases) {
        const exact = new Float64Array(size(...shape));
        sumProducts(layer, target, {
          images: images.data,
          kernel: kernel.data,
          maps: maps.data,
          [target]: exact,
        } as Record<Target, Float32Array | Float64Array>);
        const [one] = await runOperation(op, inputs, attributes, [float(...shape)]);
        const [scale, error] = [exact, exact.map((value, i) => value - one[i])].map((values) => Math.hypot(...values));
        expect(error / scale, target).toBeLessThan(1e-6);
        expect(await runOperation(op, inputs, attributes, [float(...shape)], 3)).toEqual([one]);
      }
    },
  );

  it('refuse shapes that do not fit each other, in a sentence', async () => {
    const { images, kernel, maps } = feeds(wide[1]);
    const run = (op: string, inputs: Record<string, Feed>, biases = 0) =>
      runOperation(op, inputs, op === 'LstmGanKernelGradient' ? {} : plain(biases), [float(1)]);
    for (const [op, inputs] of [
      ['LstmGanConvolution', { images: feed([1, 5, 4, 32]), kernel }],
      ['LstmGanConvolution', { images, kernel: feed([4, 4, 16, 32]) }],
      ['LstmGanConvolution', { images, kernel: feed([3, 3, 32, 64]) }],
      ['LstmGanTransposedConvolution', { maps: images, kernel }],
    ] as const)
      await expect(run(op, inputs)).rejects.toThrow('a convolution takes images [B, 2 h, 2 w, C]');
    await expect(run('LstmGanKernelGradient', { images, maps: images })).rejects.toThrow('a convolution takes images');
    await expect(run('LstmGanConvolution', { images, kernel, bias: feed([3]) }, 1)).rejects.toThrow(
      'a bias has a value for each channel',
    );
    await expect(run('LstmGanTransposedConvolution', { maps, kernel, bias: feed([64]) }, 1)).rejects.toThrow(
      'a bias has a value for each channel',
    );
  });
});
