import { imagesBetween, scaleImages, type Images, type ImagesShape } from '../images.ts';

/**
 * Scales images to a network's shape, gives them to `run` in batches of `batch` images, and joins what it returns: for
 * each name a row for each image. The last batch is filled up with black images, whose rows are left out.
 * @param run gets uint8 [batch, size, size, channels], and returns float32 [batch, width of the row] by name
 */
export async function inBatches<Rows extends string>(
  images: Images,
  shape: ImagesShape,
  batch: number,
  run: (pixels: Uint8Array) => Promise<Readonly<Record<Rows, Float32Array>>>,
  onDone: (done: number) => void = () => undefined,
): Promise<Record<Rows, Float32Array>> {
  const joined = new Map<string, Float32Array>();
  for (let first = 0; first < images.count; first += batch) {
    const last = Math.min(first + batch, images.count);
    const pixels = new Uint8Array(batch * shape.size * shape.size * shape.channels);
    pixels.set((await scaleImages(imagesBetween(images, first, last), shape)).pixels);
    for (const [name, rows] of Object.entries<Float32Array>(await run(pixels))) {
      const width = rows.length / batch;
      const all = joined.get(name) ?? new Float32Array(images.count * width);
      all.set(rows.subarray(0, (last - first) * width), first * width);
      joined.set(name, all);
    }
    onDone(last);
  }
  return Object.fromEntries(joined) as Record<Rows, Float32Array>;
}
