/**
 * Returns how different images are from each other, pixel by pixel: the root mean square distance of two images of one
 * group, over all pairs. For groups g of n_g images with mean m_g, and N images in G groups, this is
 *
 *   sqrt(2 / (N - G) * sum over g of (sum over x in g of |x - m_g|^2))
 *
 * It reads each pixel three times, so it is cheap enough for each sample grid. NaN if no group has two images.
 * @param images [N, pixels], one image after the other
 * @param groups the group of each image, [N]; only images of one group are compared
 */
export function imageSpread(images: ArrayLike<number>, groups: readonly number[]): number {
  const size = images.length / groups.length;
  const members = new Map<number, number[]>();
  for (const [image, group] of groups.entries()) members.set(group, [...(members.get(group) ?? []), image]);
  let squares = 0;
  for (const group of members.values()) {
    for (let pixel = 0; pixel < size; pixel++) {
      const mean = group.reduce((sum, image) => sum + images[image * size + pixel], 0) / group.length;
      for (const image of group) squares += (images[image * size + pixel] - mean) ** 2;
    }
  }
  return Math.sqrt((2 * squares) / (groups.length - members.size));
}
