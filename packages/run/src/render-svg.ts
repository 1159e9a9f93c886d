import sharp from 'sharp';

/** A PNG of an SVG document. Its letters come from the system's fonts: without any they are missing, and nothing else. */
export function renderSvg(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg)).png().toBuffer();
}
