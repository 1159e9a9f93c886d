import sharp from 'sharp';
import type { DatasetSource } from './decoded-images.ts';
import { fetchNpmFiles } from './npm-package.ts';

const source = {
  name: 'emoji-datasource-google',
  version: '16.0.0',
  sha512: 'ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A==',
};
const maxPixels = 128 * 128;

/** 3,786 emoji (Noto, Apache-2.0), 64x64 RGBA, composited over white; other sizes are scaled from that. */
export const emoji: DatasetSource = {
  name: 'emoji',
  description: '3,786 emoji (Noto), 64x64 RGB over white',
  async decode({ size, channels }, scratchDir, onProgress) {
    const files = await fetchNpmFiles(source, scratchDir, (file) => /^img\/google\/64\/[\w-]+\.png$/.test(file));
    const names = [...files.keys()].sort();
    const imageBytes = size * size * channels;
    const pixels = new Uint8Array(names.length * imageBytes);
    for (const [index, name] of names.entries()) {
      const picture = sharp(files.get(name), { limitInputPixels: maxPixels }).flatten({ background: '#ffffff' });
      const scaled = picture.resize(size, size, { fit: 'fill' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
      pixels.set(await scaled.raw().toBuffer(), index * imageBytes);
      if (index % 100 === 0 || index === names.length - 1) onProgress(index + 1, names.length);
    }
    return { count: names.length, pixels };
  },
};
