import path from 'node:path';

/** The formats in which a grid of images can be written. */
export type PictureFormat = 'png' | 'jpeg' | 'webp';

const formats: Readonly<Record<string, PictureFormat>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
};

/** The format that the ending of a file's name stands for; undefined for other endings. */
export function pictureFormat(file: string): PictureFormat | undefined {
  return formats[path.extname(file).toLowerCase()];
}
