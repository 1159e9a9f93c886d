/** A number of images in the name of a metric: 2,000 are `2k`, 1,500 are `1500`. */
export function countText(count: number): string {
  return count % 1000 === 0 ? `${count / 1000}k` : String(count);
}
