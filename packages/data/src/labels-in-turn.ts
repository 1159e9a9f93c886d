import type { Labels } from './dataset.ts';

/** Labels for made-up images: image i is of class i modulo the number of classes. */
export function labelsInTurn(count: number, classes: number): Labels {
  return {
    names: Array.from({ length: classes }, (_, label) => String(label)),
    values: Uint16Array.from({ length: count }, (_, image) => image % classes),
  };
}
