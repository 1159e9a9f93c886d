export interface ImageShape {
  readonly size: number;
  readonly channels: 1 | 3;
}

/** Pixels between the images of a grid. */
const gap = 1;

/**
 * RGBA bytes of image number `index` of `images` ([N, size, size, channels] in [-1, 1]). A value x becomes
 * 127.5 x + 127.5, rounded and clipped.
 */
export function toPixels(
  images: Float32Array,
  index: number,
  { size, channels }: ImageShape,
): Uint8ClampedArray<ArrayBuffer> {
  const area = size * size;
  const pixels = new Uint8ClampedArray(area * 4).fill(255);
  for (let place = 0; place < area; place++) {
    const from = (index * area + place) * channels;
    for (let c = 0; c < 3; c++)
      pixels[place * 4 + c] = Math.round(127.5 * images[from + (channels === 3 ? c : 0)] + 127.5);
  }
  return pixels;
}

/** Draws images in a grid that is nearly square. Sets the canvas to the size of the grid; CSS enlarges it. */
export function drawGrid(canvas: HTMLCanvasElement, images: Float32Array, shape: ImageShape): void {
  const { size, channels } = shape;
  const count = images.length / (size * size * channels);
  const columns = Math.ceil(Math.sqrt(count));
  canvas.width = columns * (size + gap) - gap;
  canvas.height = Math.ceil(count / columns) * (size + gap) - gap;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  for (let index = 0; index < count; index++) {
    const picture = new ImageData(toPixels(images, index, shape), size, size);
    context.putImageData(picture, (index % columns) * (size + gap), Math.floor(index / columns) * (size + gap));
  }
}
